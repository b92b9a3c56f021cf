/* Acts on a subscription. */
import { Text } from '@mantine/core';
import type { Row } from '../../api/types';
import type { Messages } from '../../i18n/id';
import type { Act } from '../../kit/act';
import type { Field } from '../../kit/fields';
import { today } from '../../kit/format';
import { invoiceCreate } from '../invoices/acts';
import { CUSTOMER, PACKAGE, ROUTER } from '../references';

/* Without letters and digits that look alike on paper. */
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
const BILLING_FIELDS = ['cycle', 'mode', 'billing_day', 'late_policy'];

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
		...BILLING_FIELDS,
		'auto_renew',
		'issue_invoice',
		{ name: 'comment', wide: true },
	],
	fixed: customer ? { customer_id: customer.id } : undefined,
	submit: t.a.save,
	toast: row => String(row.mikrotik_username),
	after,
});

export const subscriptionEdit = (row: Row): Act => ({
	key: 'edit',
	role: 'operator',
	method: 'PUT',
	path: `/api/subscriptions/${row.id}`,
	resource: 'subscription',
	fields: [
		'mikrotik_username',
		{ name: 'mikrotik_password', kind: 'secret' },
		{ name: 'next_package_id', reference: PACKAGE, ifKnown: true },
		...NETWORK_FIELDS,
		...BILLING_FIELDS,
		'auto_renew',
		{ name: 'comment', wide: true },
	],
	row,
});

const verb = (key: Act['key'], row: Row, name: string, more: Partial<Act>): Act => ({
	key,
	role: 'operator',
	method: 'POST',
	path: `/api/subscriptions/${row.id}/${name}`,
	row,
	toast: answer => String(answer.mikrotik_username ?? row.mikrotik_username),
	...more,
});

const WHY: Field = { name: 'reason' };

/* The one secret that is ever shown; each look is in the audit log. */
export const passwordShow = (t: Messages, row: Row): Act => ({
	key: 'showPassword',
	label: `${t.a.showPassword} · ${row.mikrotik_username}`,
	role: 'operator',
	method: 'GET',
	path: `/api/subscriptions/${row.id}/credentials`,
	says: t.c.showPassword,
	submit: t.w.view,
	shows: answer => (
		<>
			<Text fz="sm">{answer.username}</Text>
			<Text fz="lg" ff="monospace" fw={600}>
				{answer.password ?? '–'}
			</Text>
		</>
	),
});

/* The verbs that fit the state it is in. */
export function subscriptionActs(t: Messages, row: Row): Act[] {
	if (row.status === 'cancelled') return [];
	const isCut = row.status === 'suspended';
	return [
		...(isCut || row.status === 'expired'
			? [
					verb('activate', row, 'activate', {
						says: t.c.activate,
						fields: [{ name: 'until', kind: 'day', initial: row.hold_until ?? today(3) }, WHY],
					}),
				]
			: []),
		invoiceCreate(t, row),
		passwordShow(t, row),
		subscriptionEdit(row),
		...(row.status === 'active'
			? [verb('suspend', row, 'suspend', { says: t.c.suspend, colour: 'red', fields: [WHY] })]
			: []),
		verb('cancelSubscription', row, 'cancel', {
			says: t.c.cancelSubscription,
			colour: 'red',
			typed: String(row.mikrotik_username),
			fields: [WHY],
		}),
	];
}
