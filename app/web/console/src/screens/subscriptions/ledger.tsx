/* The ledger of a line's days, and the extras and discounts on its bills. */
import type { Row } from '../../api/types';
import { useT, word } from '../../i18n';
import { said } from '../../i18n/said';
import { number, rupiah } from '../../kit/format';
import { List } from '../../kit/list';
import { ActBar, MoreMenu } from '../../kit/page';
import { To } from '../../kit/value';
import { itemActs, itemCreate } from './acts';

export function Days({ id }: { id: string }) {
	const { t } = useT();
	return (
		<List<Row>
			path={`/api/subscriptions/${id}/days`}
			label={t.w.daysLedger}
			local
			columns={[
				{ key: 'entered_on', kind: 'day', phone: 'title' },
				{ key: 'kind', phone: 'plain', cell: r => word(t.d, r.kind) },
				{
					key: 'reason',
					phone: 'plain',
					cell: r =>
						r.invoice_id ? (
							<To to={`/invoices/${r.invoice_id}`}>{r.invoice_number}</To>
						) : (
							said(t, r.reason)
						),
				},
				{ key: 'actor', wide: true, phone: 'hide' },
				{
					key: 'days',
					phone: 'side',
					cell: r => `${r.days > 0 ? '+' : '−'}${number(Math.abs(r.days))}`,
				},
				{ key: 'end_date', kind: 'day' },
			]}
		/>
	);
}

export function Items({ row }: { row: Row }) {
	const { t } = useT();
	return (
		<List<Row>
			path={`/api/subscriptions/${row.id}/items`}
			label={t.w.items}
			empty={t.n.items}
			local
			bar={row.status === 'cancelled' ? undefined : <ActBar acts={[itemCreate(t, row)]} />}
			columns={[
				{ key: 'text', phone: 'title' },
				{ key: 'kind', phone: 'plain' },
				{
					key: 'amount',
					phone: 'side',
					kind: 'money',
					cell: i => {
						const sign = i.kind === 'discount' ? '−' : '';
						if (i.percent) return `${sign}${i.percent}%`;
						return sign + rupiah(Number(i.amount) * Number(i.quantity ?? 1));
					},
				},
				{ key: 'from', kind: 'day' },
				{ key: 'periods', cell: i => (i.periods ? `${i.billed}/${i.periods}` : t.w.forever) },
				{ key: 'reason', wide: true, phone: 'hide' },
			]}
			rowAct={i => <MoreMenu compact acts={itemActs(t, row, i)} />}
		/>
	);
}
