import { useNavigate } from '@tanstack/react-router';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { rupiah } from '../../kit/format';
import { List, type ListProps } from '../../kit/list';
import { PageFrame } from '../../kit/page';
import { To } from '../../kit/value';
import { PACKAGE } from '../references';
import { invoiceCreate, isOpen } from './acts';
import { InvoiceRowAct } from './row-act';

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
