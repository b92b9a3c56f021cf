import { useNavigate } from '@tanstack/react-router';
import { useMay } from '../../api/query';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { Bulk } from '../../kit/bulk';
import { day, rupiah } from '../../kit/format';
import { List, type ListProps } from '../../kit/list';
import { PageFrame } from '../../kit/page';
import { To } from '../../kit/value';
import { PACKAGE, ROUTER } from '../references';
import { invoiceCreate, isOpen } from './acts';
import { InvoiceRowAct } from './row-act';

type Invoice = Row<'invoice'>;

export function InvoiceList(props: Partial<ListProps<Invoice>> & { hideCustomer?: boolean }) {
	const { t, lang } = useT();
	const { hideCustomer, ...list } = props;
	return (
		<List<Invoice>
			path="/api/invoices"
			label={t.nav.invoices}
			empty={t.n.invoices}
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
				{
					key: 'period',
					kind: 'day',
					wide: true,
					/* On a card it stands where another list names the customer, beside the acts. */
					phone: hideCustomer ? 'plain' : 'hide',
					cell: r => r.period_start && `${day(r.period_start, lang)} – ${day(r.period_end, lang)}`,
				},
				{ key: 'due_date', sort: true },
				{ key: 'amount', sort: true },
				{
					key: 'outstanding',
					sort: true,
					/* Nothing paid yet: then the amount says it. */
					phone: r => (r.outstanding === r.amount ? 'hide' : 'label'),
					cell: r => (isOpen(r) ? rupiah(r.outstanding) : null),
				},
			]}
			rowAct={r => <InvoiceRowAct invoice={r} />}
			{...list}
		/>
	);
}

export function Invoices() {
	const { t } = useT();
	const may = useMay();
	const go = useNavigate();
	return (
		<PageFrame
			title={t.nav.invoices}
			acts={[invoiceCreate(t, undefined, row => void go({ to: `/invoices/${row.id}` }))]}
		>
			<InvoiceList
				search
				csv="tagihan"
				bulk={
					may('operator')
						? choice => (
								<Bulk
									path="/api/invoices/bulk"
									choice={choice}
									acts={[
										{ key: 'remind', act: 'remind', says: t.c.remind },
										{ key: 'cancelInvoice', act: 'cancel', colour: 'red', says: t.c.cancelInvoice },
									]}
								/>
							)
						: undefined
				}
				filters={[
					{ key: 'status', among: ['unpaid', 'overdue', 'paid', 'cancelled'] },
					{ key: 'kind', among: ['first', 'renewal', 'prepay', 'change', 'other'] },
					{ key: 'open', label: t.v.open, yes: true },
					{ key: 'package_id', reference: PACKAGE },
					{ key: 'router_id', reference: ROUTER },
					{ key: 'due_from', day: true },
					{ key: 'due_to', day: true },
				]}
			/>
		</PageFrame>
	);
}
