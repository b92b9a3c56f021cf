import { Alert, Stack, Text } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useGet } from '../../api/query';
import type { Row } from '../../api/types';
import { type Lang, useT, word } from '../../i18n';
import type { Messages } from '../../i18n/id';
import { NotYet } from '../../kit/empty';
import { day, rupiah } from '../../kit/format';
import { Facts, PageFrame, TabFrame } from '../../kit/page';
import { State } from '../../kit/state';
import { Trouble } from '../../kit/trouble';
import { To } from '../../kit/value';
import { InvoiceList } from '../invoices/invoices';
import { Live } from '../network/live';
import { Chain } from '../settings/history';
import { subscriptionActs } from './acts';
import { Days, Items } from './ledger';

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
			<Trouble title={t.f.sync_error} text={row.sync_error} />
			<Notes row={row} />
			<Facts of={facts(t, lang, row)} />
			<TabFrame
				tabs={[
					{
						key: 'invoices',
						label: t.nav.invoices,
						body: <InvoiceList local hideCustomer fixed={{ subscription_id: id }} />,
					},
					{ key: 'days', label: t.w.daysLedger, body: <Days id={id} /> },
					{ key: 'items', label: t.w.items, body: <Items row={row} /> },
					{
						key: 'live',
						label: t.w.live,
						body: <Live line={row} />,
					},
					{
						key: 'history',
						label: t.w.history,
						body: <Chain path={`/api/subscriptions/${id}/history`} />,
					},
				]}
			/>
		</PageFrame>
	);
}

type Fact = [label: string, value: ReactNode];

/* Facts of a line, with its own policy of billing where it has one. */
function facts(t: Messages, lang: Lang, row: Row<'subscription'>): Fact[] {
	const policy = [row.cycle, row.mode, row.late_policy]
		.filter(Boolean)
		.map(p => word(t.v, String(p)));
	return [
		[
			t.f.customer,
			row.customer ? <To to={`/customers/${row.customer_id}`}>{row.customer.name}</To> : '–',
		],
		[t.f.package, row.package ? `${row.package.name} · ${rupiah(row.package.price)}` : '–'],
		[t.f.start_date, day(row.start_date, lang)],
		[t.f.end_date, day(row.end_date, lang)],
		[t.f.sync_state, <State key="s" is={row.sync_state} />],
		[t.f.auto_renew, row.auto_renew ? t.w.yes : t.w.no],
		[t.w.policy, policy.join(' · ') || t.w.asSettings],
		...(row.suspend_reason ? [[t.f.suspend_reason, word(t.v, row.suspend_reason)] as Fact] : []),
		...(row.remote_address ? [[t.f.remote_address, row.remote_address] as Fact] : []),
	];
}

/* A promise, a pause, days that wait for a payment, days owed, a package that comes. */
function Notes({ row }: { row: Row<'subscription'> }) {
	const { t, lang } = useT();
	const notes = [
		row.hold_until && t.w.promisedUntil(day(row.hold_until, lang)),
		row.pause_from &&
			t.w.pausedFrom(day(row.pause_from, lang), row.pause_until ? day(row.pause_until, lang) : '…'),
		row.pending_days > 0 && t.w.pendingDays(row.pending_days),
		row.days_owed > 0 && t.w.daysOwed(row.days_owed),
		row.next_package_id && t.w.nextPackage(day(row.end_date, lang)),
	].filter(Boolean) as string[];
	if (notes.length === 0) return null;
	return (
		<Alert variant="light" mb="sm" p="xs">
			<Stack gap={2}>
				{notes.map(n => (
					<Text fz="sm" key={n}>
						{n}
					</Text>
				))}
			</Stack>
		</Alert>
	);
}
