/* The keys of the console, called by "?" and by the user's menu. */
import { Kbd, Modal, Table } from '@mantine/core';
import { useT } from '../i18n';

export function KeysDialog({ opened, onClose }: { opened: boolean; onClose(): void }) {
	const { t } = useT();
	return (
		<Modal
			opened={opened}
			onClose={onClose}
			title={t.w.keys}
			closeButtonProps={{ 'aria-label': t.a.close }}
		>
			<Table fz="sm">
				<Table.Tbody>
					{t.w.keyList.map(([key, text]) => (
						<Table.Tr key={key}>
							<Table.Td>
								<Kbd>{key}</Kbd>
							</Table.Td>
							<Table.Td>{text}</Table.Td>
						</Table.Tr>
					))}
				</Table.Tbody>
			</Table>
		</Modal>
	);
}
