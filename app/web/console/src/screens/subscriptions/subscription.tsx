import { Alert } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useGet } from '../../api/query';
import type { Row } from '../../api/types';
import { useT, word } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { day, rupiah } from '../../kit/format';
import { Facts, PageFrame, TabFrame } from '../../kit/page';
import { State } from '../../kit/state';
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
