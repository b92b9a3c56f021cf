/* Events, newest first, each with its cause. */
import { Text } from '@mantine/core';
import type { Query } from '../../api/client';
import type { Row } from '../../api/types';
import { useT, word } from '../../i18n';
import { said, why } from '../../i18n/said';
import { List } from '../../kit/list';
import { State } from '../../kit/state';
import { To } from '../../kit/value';

export function History({ fixed, ofOne }: { fixed?: Query; ofOne?: boolean }) {
	const { t } = useT();
	return (
		<List<Row<'billing_log'>>
			path="/api/billing-logs"
			label={t.w.history}
			local
			fixed={fixed}
			columns={[
				{ key: 'created_at', phone: 'plain' },
				...(ofOne
					? []
					: [
							{
								key: 'customer',
								phone: 'title' as const,
								cell: (r: Row<'billing_log'>) =>
									r.customer && <To to={`/customers/${r.customer_id}`}>{r.customer.name}</To>,
							},
						]),
				{
					key: 'action',
					phone: 'side',
					cell: r => <State is={String(r.action)} label={word(t.v, String(r.action))} />,
				},
				{ key: 'message', phone: 'plain', cell: r => said(t, r.message) },
				{ key: 'actor', wide: true, phone: 'hide' },
			]}
		/>
	);
}

const SCREEN: Record<string, string> = {
	invoice: '/invoices/',
	payment: '/payments?search=',
	subscription: '/subscriptions/',
	customer: '/customers/',
};

/* Everything that happened to a line or a customer, each with the row that caused it. */
export function Chain({ path }: { path: string }) {
	const { t } = useT();
	return (
		<List<Row>
			path={path}
			label={t.w.history}
			local
			filters={[
				{
					key: 'type',
					among: ['change', 'days', 'payment', 'message', 'router'],
					nameOf: v => word(t.d, `type_${v}`),
				},
			]}
			columns={[
				{ key: 'created_at', phone: 'plain' },
				{
					key: 'title',
					label: t.f.action,
					phone: 'side',
					cell: r =>
						r.type === 'days' ? (
							word(t.d, String(r.title))
						) : (
							<State is={String(r.title)} label={word(t.v, String(r.title))} />
						),
				},
				{
					key: 'text',
					label: t.f.message,
					phone: 'plain',
					cell: r => (r.type === 'router' ? why(t, String(r.text)) : said(t, r.text)),
				},
				{ key: 'cause', phone: 'plain', cell: r => (r.cause || r.cause_type) && <Cause row={r} /> },
				{ key: 'actor', wide: true, phone: 'hide' },
			]}
		/>
	);
}

function Cause({ row }: { row: Row }) {
	const { t } = useT();
	const base = row.cause_id && SCREEN[String(row.cause_type)];
	/* A message's cause is why it failed. */
	const read = row.type === 'message' ? why : said;
	const text = row.cause ? read(t, String(row.cause)) : word(t.v, String(row.cause_type));
	if (!base)
		return (
			<Text span fz="inherit" c="dimmed">
				{text}
			</Text>
		);
	return <To to={base + (row.cause_type === 'payment' ? '' : row.cause_id)}>{text}</To>;
}
