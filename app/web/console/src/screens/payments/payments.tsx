import { Anchor, Group } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { List, type ListProps } from '../../kit/list';
import { MoreMenu, PageFrame } from '../../kit/page';
import { To } from '../../kit/value';
import { ROUTER } from '../references';
import { METHODS, refundByHand, reversePayment } from './acts';

type Payment = Row<'payment'>;

/* Used by the customer's and the invoice's screens, too. */
export function PaymentList(props: Partial<ListProps<Payment>> & { hideCustomer?: boolean }) {
	const { t } = useT();
	const { hideCustomer, ...list } = props;
	return (
		<List<Payment>
			path="/api/payments"
			label={t.nav.payments}
			empty={t.n.payments}
			sort="-payment_date"
			columns={[
				...(hideCustomer
					? []
					: [
							{
								key: 'customer',
								phone: 'title' as const,
								cell: (p: Payment) =>
									p.customer && <To to={`/customers/${p.customer_id}`}>{p.customer.name}</To>,
							},
						]),
				{ key: 'payment_date', sort: true, phone: 'plain' },
				{
					key: 'invoice_number',
					label: t.f.invoice,
					phone: 'plain',
					cell: p =>
						p.invoice && <To to={`/invoices/${p.invoice_id}`}>{p.invoice.invoice_number}</To>,
				},
				{ key: 'method', phone: 'plain' },
				{ key: 'actor', wide: true, phone: 'hide' },
				{ key: 'reference', wide: true, phone: 'hide' },
				'status',
				{ key: 'amount', sort: true },
			]}
			rowAct={p => (
				<Group gap="xs" wrap="nowrap" justify="flex-end">
					{p.status === 'received' && p.invoice_id && (
						<Anchor component={Link} to={`/receipt/${p.invoice_id}?payment=${p.id}`} fz="xs">
							{t.a.receipt}
						</Anchor>
					)}
					{p.status === 'received' && (
						<MoreMenu
							compact
							acts={[...(p.source === 'manual' ? [reversePayment(t, p)] : []), refundByHand(t, p)]}
						/>
					)}
				</Group>
			)}
			{...list}
		/>
	);
}

export function Payments() {
	const { t } = useT();
	return (
		<PageFrame title={t.nav.payments}>
			<PaymentList
				search
				csv="pembayaran"
				filters={[
					{ key: 'status', among: ['received', 'reversed', 'refunded'] },
					{ key: 'method', among: [...METHODS, 'midtrans'] },
					{ key: 'router_id', reference: ROUTER },
					{ key: 'received_from', day: true },
					{ key: 'received_to', day: true },
				]}
			/>
		</PageFrame>
	);
}
