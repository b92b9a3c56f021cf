/* The acts of an invoice in a row: take its money, its paper, its link. */
import { ActionIcon, Button, Group, Menu } from '@mantine/core';
import IconBrandWhatsapp from '@tabler/icons-react/dist/esm/icons/IconBrandWhatsapp.mjs';
import IconCopy from '@tabler/icons-react/dist/esm/icons/IconCopy.mjs';
import IconDots from '@tabler/icons-react/dist/esm/icons/IconDots.mjs';
import IconLink from '@tabler/icons-react/dist/esm/icons/IconLink.mjs';
import IconPrinter from '@tabler/icons-react/dist/esm/icons/IconPrinter.mjs';
import { Link } from '@tanstack/react-router';
import { useMay } from '../../api/query';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { useAct } from '../../kit/act';
import { useToast } from '../../kit/toast';
import { takePayment } from '../payments/acts';
import { isOpen, payLink, useReminder } from './acts';

export function InvoiceRowAct({ invoice }: { invoice: Row<'invoice'> }) {
	const { t } = useT();
	const open = useAct();
	const may = useMay();
	const toast = useToast();
	const reminder = useReminder(invoice);
	return (
		<Group gap={4} wrap="nowrap" justify="flex-end">
			{isOpen(invoice) && may('operator') && (
				<Button
					size="compact-sm"
					variant="light"
					aria-label={`${t.a.takePayment}: ${invoice.invoice_number}`}
					onClick={() => open(takePayment(t, invoice))}
				>
					{t.a.take}
				</Button>
			)}
			<Menu position="bottom-end" withinPortal>
				<Menu.Target>
					<ActionIcon
						variant="subtle"
						color="gray"
						size="md"
						aria-label={`${t.a.more}: ${invoice.invoice_number}`}
					>
						<IconDots size={16} />
					</ActionIcon>
				</Menu.Target>
				<Menu.Dropdown>
					<Menu.Item
						component={Link}
						to={`/receipt/${invoice.id}`}
						leftSection={<IconPrinter size={15} />}
					>
						{isOpen(invoice) ? t.a.print : t.a.receipt}
					</Menu.Item>
					{isOpen(invoice) && (
						<>
							<Menu.Item
								leftSection={<IconLink size={15} />}
								onClick={() => void toast.copy(payLink(invoice))}
							>
								{t.a.payLink}
							</Menu.Item>
							<Menu.Item
								leftSection={<IconCopy size={15} />}
								onClick={() => void toast.copy(reminder.text)}
							>
								{t.a.copyText}
							</Menu.Item>
							{reminder.link && (
								<Menu.Item
									component="a"
									href={reminder.link}
									target="_blank"
									rel="noreferrer"
									leftSection={<IconBrandWhatsapp size={15} />}
								>
									{t.a.whatsapp}
								</Menu.Item>
							)}
						</>
					)}
				</Menu.Dropdown>
			</Menu>
		</Group>
	);
}
