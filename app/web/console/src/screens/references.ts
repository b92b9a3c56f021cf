/* References: a field that points to a row of each resource. */
import type { Reference } from '../kit/reference';

export const CUSTOMER: Reference = {
	path: '/api/customers',
	query: { sort: 'name' },
	many: true,
	label: r => [r.name, r.phone].filter(Boolean).join(' · '),
};
export const PACKAGE: Reference = {
	path: '/api/packages',
	query: { sort: 'name' },
	label: r => String(r.name),
};
export const ROUTER: Reference = {
	path: '/api/router-settings',
	query: { sort: 'name' },
	label: r => String(r.name),
};
export const SUBSCRIPTION: Reference = {
	path: '/api/subscriptions',
	many: true,
	label: r => `${r.mikrotik_username} · ${r.customer?.name ?? ''}`,
};
