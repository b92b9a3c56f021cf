/* Acts at the gateway, for the order that was opened last for an invoice. */
import type { Loose, Row } from '../../api/types';
import { word } from '../../i18n';
import type { Messages } from '../../i18n/id';
import type { Act } from '../../kit/act';
import { rupiah } from '../../kit/format';
import { Facts } from '../../kit/page';
import { State } from '../../kit/state';

/* The order as Midtrans sees it now. */
function Standing({ of, t }: { of: Loose; t: Messages }) {
	const order = of.data as Loose;
	return (
		<Facts
			cols={2}
			of={[
				[t.f.order_id, String(order.order_id ?? '–')],
				[t.f.status, <State key="s" is={String(order.transaction_status ?? 'unknown')} />],
				[
					t.f.method,
					order.payment_type ? word(t.v, String(order.payment_type)) : String(order.bank ?? '–'),
				],
				[t.f.amount, order.gross_amount ? rupiah(Number(order.gross_amount)) : '–'],
			]}
		/>
	);
}

export function gatewayActs(t: Messages, invoice: Row<'invoice'>): Act[] {
	const order = invoice.midtrans_order_id;
	if (!order) return [];
	const payments = (invoice.payments ?? []) as Row<'payment'>[];
	const paid = payments.find(p => p.source === 'midtrans' && p.status === 'received');
	const at = (verb: string) => `/api/midtrans/${verb}/${encodeURIComponent(String(order))}`;
	const ask: Act = {
		key: 'askGateway',
		role: 'viewer',
		method: 'GET',
		path: at('status'),
		says: t.c.askGateway,
		draw: answer => <Standing of={answer} t={t} />,
	};
	if (!paid) return [ask];
	return [
		ask,
		{
			key: 'refundOnline',
			role: 'admin',
			colour: 'red',
			method: 'POST',
			path: at('refund'),
			mustType: String(invoice.invoice_number),
			says: t.c.refund,
			fields: [
				{ name: 'amount', kind: 'money', required: true, initial: paid.amount },
				{ name: 'reason' },
				{ name: 'reopen', kind: 'yes' },
			],
		},
	];
}
