/* Acts on a router, a device, a target. */
import type { Loose, Row } from '../../api/types';
import type { Messages } from '../../i18n/id';
import type { Act } from '../../kit/act';
import type { Field } from '../../kit/fields';

const FIELDS: (string | Field)[] = [
	'name',
	'host',
	'port',
	'username',
	{ name: 'password', kind: 'secret' },
	'ssl',
	{
		name: 'tls_verify',
		among: ['verify', 'pin', 'adh', 'none'],
		initial: 'verify',
		show: v => v.ssl === true,
	},
	{ name: 'tls_fingerprint', show: v => v.ssl === true && v.tls_verify === 'pin' },
	{ name: 'tls_ca', kind: 'area', show: v => v.ssl === true && v.tls_verify === 'verify' },
	'ppp_local_address',
	'ppp_pool',
	'is_active',
];

export const routerCreate = (t: Messages, after?: (row: Row) => void): Act => ({
	key: 'newRouter',
	role: 'admin',
	method: 'POST',
	path: '/api/router-settings',
	resource: 'router_setting',
	fields: FIELDS,
	submitLabel: t.a.save,
	after,
});

/* The server changes a router's address only when its password is given, too. */
export const routerEdit = (t: Messages, row: Row): Act => ({
	key: 'edit',
	role: 'admin',
	method: 'PUT',
	path: `/api/router-settings/${row.id}`,
	resource: 'router_setting',
	fields: FIELDS.map(f =>
		typeof f !== 'string' && f.name === 'password' ? { ...f, hint: t.w.keep } : f,
	),
	row,
});

export const routerDelete = (t: Messages, row: Row, after: () => void): Act => ({
	key: 'remove',
	role: 'admin',
	colour: 'red',
	method: 'DELETE',
	path: `/api/router-settings/${row.id}`,
	mustType: String(row.name),
	says: t.c.removeRouter,
	after,
});

/* Acts on what is watched: a device or a ping target. */
export const watchedEdit = (
	path: string,
	resource: string,
	fields: Act['fields'],
	row: Row,
): Act => ({
	key: 'edit',
	role: 'operator',
	method: 'PUT',
	path,
	resource,
	fields,
	row,
});

export const watchedDelete = (t: Messages, path: string, row: Row, after: () => void): Act => ({
	key: 'remove',
	role: 'operator',
	colour: 'red',
	method: 'DELETE',
	path,
	mustType: String(row.name),
	says: t.c.remove,
	after,
});

export const routerTest = (row: Row): Act => ({
	key: 'test',
	role: 'operator',
	method: 'POST',
	path: `/api/router-settings/${row.id}/test`,
	toast: (answer: Loose) =>
		[answer.identity, answer.version, answer['board-name'], answer.uptime]
			.filter(Boolean)
			.join(' · '),
});
