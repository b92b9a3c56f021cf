/* Taking money. */
import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Row } from '../../api/types';
import type { Messages } from '../../i18n/id';
import type { Act } from '../../kit/act';
import { rupiah } from '../../kit/format';

export const METHODS = ['cash', 'transfer', 'qris', 'other'];

/* The line of a bill: until when it is paid, and whether it is on. */
const lineOf = (invoice: Row) => ({
	end_date: invoice.subscription?.end_date,
	service: invoice.subscription?.status,
});

/* Money for one invoice; its button says the sum. */
export const takePayment = (t: Messages, invoice: Row, label?: string): Act => ({
	key: 'takePayment',
	label: label ?? `${t.a.takePayment} · ${rupiah(invoice.outstanding)}`,
	role: 'operator',
	method: 'POST',
	path: '/api/payments',
	says: (
		<>
			<b>{invoice.invoice_number}</b> ·{' '}
			{invoice.subscription?.customer?.name ?? invoice.customer?.name}. {t.c.takePayment}
		</>
	),
	fields: [
		{ name: 'amount', kind: 'money', required: true, initial: invoice.outstanding },
		{ name: 'method', among: METHODS, required: true, initial: 'cash' },
		{ name: 'reference' },
		{ name: 'notes' },
	],
	fixed: { invoice_id: invoice.id },
	preview: {
		members: ['status', 'outstanding', 'end_date', 'service'],
		path: `/api/invoices/${invoice.id}/mark-paid`,
		innerMembers: lineOf,
	},
	row: { ...invoice, ...lineOf(invoice) },
	overrule: { code: 'payment_duplicate', label: t.a.again, body: { duplicate: true } },
	toast: answer => (
		<>
			{t.w.paidToast(rupiah(answer.amount))}.{' '}
			<Anchor component={Link} to={`/receipt/${invoice.id}`} fz="inherit">
				{t.a.receipt}
			</Anchor>
		</>
	),
	submitLabel: t.a.takePayment,
});

export const reversePayment = (t: Messages, payment: Row): Act => ({
	key: 'reverse',
	role: 'admin',
	colour: 'red',
	method: 'DELETE',
	path: `/api/payments/${payment.id}`,
	says: (
		<>
			<b>{rupiah(payment.amount)}</b> · {payment.invoice?.invoice_number} · {payment.customer?.name}
			. {t.c.reverse}
		</>
	),
	fields: [{ name: 'reason', required: true }],
});

/* Money for no one invoice: it pays the oldest first, and what is left is credit. */
export const deposit = (t: Messages, customer: Row): Act => ({
	key: 'deposit',
	role: 'operator',
	method: 'POST',
	path: '/api/payments',
	says: (
		<>
			<b>{customer.name}</b>. {t.c.deposit}
		</>
	),
	fields: [
		{ name: 'amount', kind: 'money', required: true },
		{ name: 'method', among: METHODS, required: true, initial: 'cash' },
		{ name: 'reference' },
		{ name: 'notes' },
	],
	fixed: { customer_id: customer.id },
	overrule: { code: 'payment_duplicate', label: t.a.again, body: { duplicate: true } },
	toast: answer => t.w.paidToast(rupiah(answer.amount)),
});

/* Records money that was given back by hand. */
export const refundByHand = (t: Messages, payment: Row): Act => ({
	key: 'refund',
	role: 'admin',
	colour: 'red',
	method: 'POST',
	path: `/api/payments/${payment.id}/refund`,
	says: (
		<>
			<b>{rupiah(payment.amount)}</b> · {payment.customer?.name}. {t.c.refundHand}
		</>
	),
	fields: [
		{ name: 'amount', kind: 'money', required: true, initial: payment.amount },
		{ name: 'method', among: METHODS, required: true, initial: 'cash' },
		{ name: 'reason', wide: true },
		{ name: 'reopen', kind: 'yes' },
	],
});
