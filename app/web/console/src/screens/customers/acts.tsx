/* Acts on a customer. */
import type { Row } from '../../api/types';
import type { Messages } from '../../i18n/id';
import type { Act } from '../../kit/act';
import type { Field } from '../../kit/fields';

const FIELDS: (string | Field)[] = [
	{ name: 'name', required: true, wide: true },
	'phone',
	'email',
	'address',
	'npwp',
	'tax_exempt',
	'status',
	'message_opt_out',
	'notes',
];

export const customerCreate = (t: Messages, after?: (row: Row) => void): Act => ({
	key: 'newCustomer',
	role: 'operator',
	method: 'POST',
	path: '/api/customers',
	resource: 'customer',
	fields: FIELDS.filter(f => f !== 'status'),
	submitLabel: t.a.save,
	toast: row => String(row.name),
	after,
});

export const customerEdit = (row: Row): Act => ({
	key: 'edit',
	role: 'operator',
	method: 'PUT',
	path: `/api/customers/${row.id}`,
	resource: 'customer',
	fields: FIELDS,
	row,
});

export const customerArchive = (t: Messages, row: Row, after: () => void): Act => ({
	key: 'archive',
	role: 'operator',
	colour: 'red',
	method: 'DELETE',
	path: `/api/customers/${row.id}`,
	says: t.c.archive,
	mustType: String(row.name),
	after,
});

export const creditAdjust = (t: Messages, row: Row): Act => ({
	key: 'adjustCredit',
	role: 'admin',
	method: 'POST',
	path: `/api/customers/${row.id}/credits`,
	says: t.c.adjustCredit,
	fields: [
		{ name: 'amount', kind: 'money', required: true },
		{ name: 'reason', required: true },
	],
});

/* Bills something once: on the next bill, or on one of its own. */
export const chargeCreate = (t: Messages, row: Row, live: Row[]): Act => ({
	key: 'charge',
	role: 'operator',
	method: 'POST',
	path: `/api/customers/${row.id}/charges`,
	says: t.c.charge,
	fields: [
		{ name: 'text', required: true, max: 100, wide: true },
		{ name: 'amount', kind: 'money', required: true },
		{ name: 'quantity', kind: 'int' },
		{
			name: 'kind',
			among: ['charge', 'installation', 'deposit'],
			required: true,
			initial: 'charge',
		},
		...(live.length > 1
			? [
					{
						name: 'subscription_id',
						among: live.map(s => s.id),
						nameOf: (v: string) => String(live.find(s => s.id === v)?.mikrotik_username),
					},
				]
			: []),
		{ name: 'own_bill', kind: 'yes', label: t.w.ownBill },
		{ name: 'due_date', kind: 'day', show: v => v.own_bill === true },
	],
	submitLabel: t.a.save,
	toast: charge => String(charge.text),
});
