import { ActionIcon, Button, Group, Menu } from '@mantine/core';
import IconBrandWhatsapp from '@tabler/icons-react/dist/esm/icons/IconBrandWhatsapp.mjs';
import IconCopy from '@tabler/icons-react/dist/esm/icons/IconCopy.mjs';
import IconDots from '@tabler/icons-react/dist/esm/icons/IconDots.mjs';
import IconLink from '@tabler/icons-react/dist/esm/icons/IconLink.mjs';
import IconPrinter from '@tabler/icons-react/dist/esm/icons/IconPrinter.mjs';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMay } from '../../api/query';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { useAct } from '../../kit/act';
import { rupiah } from '../../kit/format';
import { List, type ListProps } from '../../kit/list';
import { PageFrame } from '../../kit/page';
import { useToast } from '../../kit/toast';
import { To } from '../../kit/value';
import { takePayment } from '../payments/acts';
import { PACKAGE } from '../references';
import { invoiceCreate, isOpen, payLink, reminder, reminderLink } from './acts';

type Invoice = Row<'invoice'>;

export function InvoiceList(props: Partial<ListProps<Invoice>> & { hideCustomer?: boolean }) {
	const { t } = useT();
	const { hideCustomer, ...list } = props;
	return (
		<List<Invoice>
			path="/api/invoices"
			label={t.nav.invoices}
			open={r => `/invoices/${r.id}`}
			columns={[
				{ key: 'invoice_number' },
				...(hideCustomer
					? []
					: [
							{
								key: 'customer',
								phone: 'plain' as const,
								cell: (r: Invoice) => (
									<To to={`/customers/${r.customer_id}`}>
										{r.subscription?.customer?.name ?? r.customer?.name}
									</To>
								),
							},
						]),
				{ key: 'status' },
				{ key: 'kind', wide: true, phone: 'hide' },
				{ key: 'period_start', label: t.f.period_start, wide: true, phone: 'hide' },
				{ key: 'period_end', label: t.f.period_end, wide: true, phone: 'hide' },
				{ key: 'due_date', sort: true },
				{ key: 'amount', sort: true },
				{ key: 'outstanding', phone: 'hide', cell: r => (isOpen(r) ? rupiah(r.outstanding) : '–') },
			]}
			rowAct={r => <InvoiceRowAct invoice={r} />}
			{...list}
		/>
	);
}

export function InvoiceRowAct({ invoice }: { invoice: Invoice }) {
	const { t, lang } = useT();
	const open = useAct();
	const may = useMay();
	const toast = useToast();
	const link = reminderLink(t, lang, invoice);
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
								onClick={() => void toast.copy(reminder(t, lang, invoice))}
							>
								{t.a.copyText}
							</Menu.Item>
							{link && (
								<Menu.Item
									component="a"
									href={link}
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

export function Invoices() {
	const { t } = useT();
	const go = useNavigate();
	return (
		<PageFrame
			title={t.nav.invoices}
			acts={[invoiceCreate(t, undefined, row => void go({ to: `/invoices/${row.id}` }))]}
		>
			<InvoiceList
				search
				csv="tagihan"
				filters={[
					{ key: 'status', among: ['unpaid', 'overdue', 'paid', 'cancelled'] },
					{ key: 'kind', among: ['first', 'renewal', 'prepay', 'change', 'other'] },
					{ key: 'package_id', reference: PACKAGE },
					{ key: 'due_from', day: true },
					{ key: 'due_to', day: true },
				]}
			/>
		</PageFrame>
	);
}
