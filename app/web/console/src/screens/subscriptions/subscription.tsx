import { Alert, Button, Modal, Text } from '@mantine/core';
import IconKey from '@tabler/icons-react/dist/esm/icons/IconKey.mjs';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { call } from '../../api/client';
import { useGet, useMay } from '../../api/query';
import type { Row } from '../../api/types';
import { useT, word } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { day, rupiah } from '../../kit/format';
import { Facts, PageFrame, TabFrame } from '../../kit/page';
import { State } from '../../kit/state';
import { useToast } from '../../kit/toast';
import { To } from '../../kit/value';
import { InvoiceList } from '../invoices/invoices';
import { Live } from '../network/live';
import { History } from '../settings/history';
import { subscriptionActs } from './acts';

export function SubscriptionScreen() {
	const { t, lang } = useT();
	const { id } = useParams({ strict: false }) as { id: string };
	const read = useGet<Row<'subscription'>>(`/api/subscriptions/${id}`);
	const row = read.data;
	if (!row) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	const [first, ...more] = subscriptionActs(t, row);
	return (
		<PageFrame
			title={row.mikrotik_username}
			back={['/subscriptions', t.nav.subscriptions]}
			beside={<State is={row.suspend_reason === 'debt' ? 'off_for_debt' : row.status} />}
			acts={[first]}
			more={more}
			buttons={<PasswordButton subscription={row} />}
		>
			{row.sync_error && (
				<Alert color="red" variant="light" mb="sm" p="xs" title={t.f.sync_error}>
					{row.sync_error}
				</Alert>
			)}
			<Facts
				of={[
					[
						t.f.customer,
						row.customer ? <To to={`/customers/${row.customer_id}`}>{row.customer.name}</To> : '–',
					],
					[t.f.package, row.package ? `${row.package.name} · ${rupiah(row.package.price)}` : '–'],
					[t.f.start_date, day(row.start_date, lang)],
					[t.f.end_date, day(row.end_date, lang)],
					[t.f.sync_state, <State key="s" is={row.sync_state} />],
					[t.f.auto_renew, row.auto_renew ? t.w.yes : t.w.no],
					...(row.suspend_reason
						? [[t.f.suspend_reason, word(t.v, row.suspend_reason)] as [string, string]]
						: []),
					...(row.hold_until
						? [[t.f.hold_until, day(row.hold_until, lang)] as [string, string]]
						: []),
					...(row.remote_address
						? [[t.f.remote_address, row.remote_address] as [string, string]]
						: []),
				]}
			/>
			<TabFrame
				tabs={[
					{
						key: 'invoices',
						label: t.nav.invoices,
						body: <InvoiceList local hideCustomer fixed={{ subscription_id: id }} />,
					},
					{
						key: 'live',
						label: t.w.live,
						body: <Live username={row.mikrotik_username} type={row.package?.type} />,
					},
					{ key: 'history', label: t.w.history, body: <History fixed={{ subscription_id: id }} /> },
				]}
			/>
		</PageFrame>
	);
}

/* The one secret that is ever shown; each look is in the audit log. */
export function PasswordButton({
	subscription,
	compact,
}: {
	subscription: Row;
	compact?: boolean;
}) {
	const { t } = useT();
	const may = useMay();
	const toast = useToast();
	const [shown, setShown] = useState<{ username: string; password: string | null }>();
	if (!may('operator')) return null;
	const show = () =>
		call<{ username: string; password: string | null }>(
			'GET',
			`/api/subscriptions/${subscription.id}/credentials`,
		).then(setShown, toast.error);
	return (
		<>
			<Button
				size={compact ? 'compact-sm' : 'sm'}
				variant="default"
				leftSection={<IconKey size={15} />}
				onClick={() => void show()}
			>
				{t.a.showPassword}
			</Button>
			<Modal
				opened={!!shown}
				onClose={() => setShown(undefined)}
				title={t.w.passwordOf}
				closeButtonProps={{ 'aria-label': t.a.close }}
			>
				<Text fz="sm">{shown?.username}</Text>
				<Text fz="lg" ff="monospace" fw={600} my="xs">
					{shown?.password ?? '–'}
				</Text>
				<Text fz="xs" c="dimmed" mb="sm">
					{t.c.showPassword}
				</Text>
				<Button
					variant="default"
					onClick={() => shown?.password && void toast.copy(shown.password)}
				>
					{t.a.copy}
				</Button>
			</Modal>
		</>
	);
}
