/* Acts on a subscription. */
import { Text } from '@mantine/core';
import type { Row } from '../../api/types';
import type { Messages } from '../../i18n/id';
import type { Act } from '../../kit/act';
import type { Field } from '../../kit/fields';
import { rupiah, today } from '../../kit/format';
import { invoiceCreate } from '../invoices/acts';
import { CUSTOMER, PACKAGE, ROUTER } from '../references';

/* Eight letters and digits; those that look alike on paper (l 1 o 0 i) are left out. */
function newPassword() {
	const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
	return Array.from(
		crypto.getRandomValues(new Uint8Array(8)),
		n => letters[n % letters.length],
	).join('');
}

const NETWORK_FIELDS: (string | Field)[] = [
	{ name: 'router_id', reference: ROUTER, ifKnown: true },
	'remote_address',
	'local_address',
	'profile',
];
/* Rules of its own; empty ones follow the settings. */
const billingFields = (t: Messages): Field[] => [
	{ name: 'cycle', none: t.w.asSettings, ifKnown: true },
	{ name: 'mode', none: t.w.asSettings, ifKnown: true },
	{ name: 'billing_day', hint: t.w.emptySettings, ifKnown: true },
	{ name: 'late_policy', none: t.w.asSettings, ifKnown: true },
];

export const subscriptionCreate = (
	t: Messages,
	customer?: Row,
	after?: (row: Row) => void,
): Act => ({
	key: 'newSubscription',
	role: 'operator',
	method: 'POST',
	path: '/api/subscriptions',
	resource: 'subscription',
	fields: [
		...(customer ? [] : [{ name: 'customer_id', reference: CUSTOMER, required: true, wide: true }]),
		{
			name: 'package_id',
			reference: { ...PACKAGE, query: { sort: 'name', is_active: 1 } },
			required: true,
		},
		{ name: 'mikrotik_username', required: true },
		{ name: 'mikrotik_password', required: true, initial: newPassword() },
		...NETWORK_FIELDS,
		'start_date',
		'end_date',
		...billingFields(t),
		'auto_renew',
		'issue_invoice',
		{ name: 'comment', wide: true },
	],
	fixed: customer ? { customer_id: customer.id } : undefined,
	submitLabel: t.a.save,
	toast: row => String(row.mikrotik_username),
	after,
});

export const subscriptionEdit = (t: Messages, row: Row): Act => ({
	key: 'edit',
	role: 'operator',
	method: 'PUT',
	path: `/api/subscriptions/${row.id}`,
	resource: 'subscription',
	fields: [
		'mikrotik_username',
		{ name: 'mikrotik_password', kind: 'secret' },
		...NETWORK_FIELDS,
		...billingFields(t),
		'auto_renew',
		{ name: 'comment', wide: true },
	],
	row,
});

/* POST /api/subscriptions/ID/NAME. */
const verb = (key: Act['key'], row: Row, name: string, more: Partial<Act>): Act => ({
	key,
	role: 'operator',
	method: 'POST',
	path: `/api/subscriptions/${row.id}/${name}`,
	row,
	toast: answer => String(answer.mikrotik_username ?? row.mikrotik_username),
	...more,
	says: (
		<>
			<b>{row.mikrotik_username}</b>. {more.says}
		</>
	),
});

const WHY: Field = { name: 'reason' };

/* Bills several periods at once; the preview shows the bill. */
const prepay = (t: Messages, row: Row): Act =>
	verb('prepay', row, 'prepay', {
		says: t.c.prepay,
		fields: [
			{ name: 'periods', kind: 'int', required: true, initial: 3 },
			{ name: 'discount', kind: 'money' },
		],
		preview: { members: ['lines', 'amount', 'period_start', 'period_end', 'due_date'] },
		row: undefined,
		toast: answer => `${answer.invoice_number} · ${rupiah(Number(answer.amount))}`,
	});

/* Changes the package today or at the next period; the preview shows bill, dates and credit. */
const changePackage = (t: Messages, row: Row): Act =>
	verb('changePackage', row, 'change', {
		says: t.c.changePackage,
		fields: [
			{
				name: 'package_id',
				reference: {
					...PACKAGE,
					query: { sort: 'name', is_active: 1 },
					label: r => `${r.name} · ${rupiah(Number(r.price))}`,
				},
				required: true,
				wide: true,
			},
			{ name: 'effective', among: ['now', 'next_period'], required: true, initial: 'now' },
			{ name: 'prorate', kind: 'yes', initial: true, show: v => v.effective === 'now' },
		],
		preview: { members: ['lines', 'amount', 'credit', 'effective_from', 'end_date'] },
		row: { id: row.id, end_date: row.end_date },
	});

const giveDays = (t: Messages, row: Row): Act =>
	verb('grantDays', row, 'days', {
		says: t.c.grantDays,
		fields: [
			{ name: 'days', kind: 'int', required: true },
			{ ...WHY, required: true },
		],
		preview: { members: ['end_date', 'status', 'pending_days'] },
	});

const pause = (t: Messages, row: Row): Act =>
	verb('pause', row, 'pause', {
		says: t.c.pause,
		fields: [
			{ name: 'from', kind: 'day', hint: t.w.emptyToday },
			{ name: 'until', kind: 'day', hint: t.w.emptyOpen },
			{ ...WHY, wide: true },
		],
	});

/* Keeps the line on, or switches it on, up to a day though its bill is not paid. */
const promise = (t: Messages, row: Row, isOn: boolean): Act =>
	verb(isOn ? 'promise' : 'activate', row, 'activate', {
		says: isOn ? t.c.promise : t.c.activate,
		fields: [
			{ name: 'until', kind: 'day', initial: row.hold_until ?? today(3), hint: t.w.promiseHint },
			WHY,
		],
		preview: { members: ['status', 'hold_until', 'end_date'] },
	});

export const itemCreate = (t: Messages, subscription: Row): Act => ({
	key: 'newItem',
	role: 'operator',
	method: 'POST',
	path: `/api/subscriptions/${subscription.id}/items`,
	says: t.c.newItem,
	fields: itemFields(t),
	submitLabel: t.a.save,
	toast: row => String(row.text),
});

const itemFields = (t: Messages): Field[] => [
	{ name: 'kind', among: ['item', 'discount'], required: true, initial: 'item' },
	{ name: 'text', required: true, max: 100 },
	{ name: 'amount', kind: 'money' },
	{ name: 'percent', kind: 'int', hint: t.w.percentHint, show: v => v.kind === 'discount' },
	{ name: 'quantity', kind: 'int', show: v => v.kind === 'item' },
	{ name: 'from', kind: 'day', hint: t.w.emptyToday },
	{ name: 'periods', kind: 'int', hint: t.w.emptyForever },
	{ name: 'reason', wide: true },
];

export const itemActs = (t: Messages, subscription: Row, row: Row): Act[] => {
	const path = `/api/subscriptions/${subscription.id}/items/${row.id}`;
	return [
		{ key: 'edit', role: 'operator', method: 'PUT', path, fields: itemFields(t), row },
		{
			key: 'remove',
			role: 'operator',
			colour: 'red',
			method: 'DELETE',
			path,
			says: (
				<>
					<b>{row.text}</b>. {t.c.removeItem}
				</>
			),
		},
	];
};

/* Shows the password of an account, the only secret that is ever shown; the audit log names who asked. */
export const passwordShow = (t: Messages, row: Row): Act => ({
	key: 'showPassword',
	label: `${t.a.showPassword} · ${row.mikrotik_username}`,
	role: 'operator',
	method: 'GET',
	path: `/api/subscriptions/${row.id}/credentials`,
	says: t.c.showPassword,
	submitLabel: t.w.view,
	draw: answer => (
		<>
			<Text fz="sm">{answer.username}</Text>
			<Text fz="lg" ff="monospace" fw={600}>
				{answer.password ?? '–'}
			</Text>
		</>
	),
});

/* The acts that its state allows; the first is the blue button. */
export function subscriptionActs(t: Messages, row: Row): Act[] {
	if (row.status === 'cancelled') return [];
	const isOff = row.status === 'suspended' || row.status === 'expired';
	const isPaused = row.suspend_reason === 'pause' || !!row.pause_from;
	return [
		...(isPaused
			? [verb('resume', row, 'resume', { says: t.c.resume, fields: [WHY] })]
			: isOff
				? [promise(t, row, false)]
				: []),
		invoiceCreate(t, row),
		changePackage(t, row),
		prepay(t, row),
		...(isOff || isPaused ? [] : [promise(t, row, true), pause(t, row)]),
		giveDays(t, row),
		passwordShow(t, row),
		subscriptionEdit(t, row),
		...(row.status === 'active'
			? [verb('suspend', row, 'suspend', { says: t.c.suspend, colour: 'red', fields: [WHY] })]
			: []),
		verb('cancelSubscription', row, 'cancel', {
			says: t.c.cancelSubscription,
			colour: 'red',
			mustType: String(row.mikrotik_username),
			fields: [WHY],
		}),
	];
}
