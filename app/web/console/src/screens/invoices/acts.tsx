/* Acts on an invoice. */
import { useGet } from '../../api/query';
import type { Loose, Row } from '../../api/types';
import { useT } from '../../i18n';
import type { Messages } from '../../i18n/id';
import type { Act } from '../../kit/act';
import { day, fillIn, rupiah, whatsapp } from '../../kit/format';
import { SUBSCRIPTION } from '../references';

export const isOpen = (invoice: Row) => invoice.outstanding > 0 && invoice.status !== 'cancelled';

export const invoiceCreate = (
	t: Messages,
	subscription?: Row,
	after?: (row: Row) => void,
): Act => ({
	key: subscription ? 'bill' : 'newInvoice',
	role: 'operator',
	method: 'POST',
	path: '/api/invoices',
	says: t.c.billRenewal,
	fields: [
		...(subscription
			? []
			: [{ name: 'subscription_id', reference: SUBSCRIPTION, required: true, wide: true }]),
		{ name: 'kind', among: ['renewal', 'other'], required: true, initial: 'renewal' },
		{ name: 'amount', kind: 'money' as const, required: true, show: v => v.kind === 'other' },
		{ name: 'due_date', kind: 'day' as const },
		{ name: 'notes', wide: true },
	],
	fixed: subscription ? { subscription_id: subscription.id } : undefined,
	submitLabel: t.a.bill,
	toast: row => String(row.invoice_number),
	after,
});

export const invoiceEdit = (row: Row): Act => ({
	key: 'edit',
	role: 'operator',
	method: 'PUT',
	path: `/api/invoices/${row.id}`,
	fields: [
		{ name: 'due_date', kind: 'day' },
		{ name: 'notes', kind: 'area' },
	],
	row,
});

export const invoiceCancel = (t: Messages, row: Row): Act => ({
	key: 'cancelInvoice',
	role: 'operator',
	colour: 'red',
	method: 'DELETE',
	path: `/api/invoices/${row.id}`,
	mustType: String(row.invoice_number),
	says: (
		<>
			<b>{row.invoice_number}</b> · {rupiah(row.amount)}. {t.c.cancelInvoice}
		</>
	),
});

/* The address of the page on which the customer pays. */
export const payLink = (invoice: Row) =>
	String(invoice.pay_url ?? `${location.origin}/pay/${invoice.id}`);

/* The text that asks for the money of a bill, and the link that opens it in WhatsApp: the owner's words, else ours. */
export function useReminder(invoice: Row) {
	const { t, lang } = useT();
	const settings = useGet<Loose>('/api/settings', {}, { stale: 60_000 }).data;
	const customer = (invoice.subscription?.customer ?? invoice.customer ?? {}) as Loose;
	const text = fillIn(settings?.company_whatsapp_text || t.w.reminder, {
		name: String(customer.name ?? ''),
		invoice_number: String(invoice.invoice_number),
		outstanding: rupiah(invoice.outstanding),
		due_date: day(invoice.due_date, lang),
		pay_url: payLink(invoice),
		company: settings?.company_name || 'ISP Billing',
	});
	return { text, link: customer.phone ? whatsapp(String(customer.phone), text) : undefined };
}
