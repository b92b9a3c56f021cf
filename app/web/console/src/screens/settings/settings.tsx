import { Badge, Group } from '@mantine/core';
import { useGet, useMay } from '../../api/query';
import type { Loose, Row } from '../../api/types';
import { useT, word } from '../../i18n';
import type { Act } from '../../kit/act';
import { moment } from '../../kit/format';
import { List } from '../../kit/list';
import { Facts, MoreMenu, PageFrame, TabFrame } from '../../kit/page';
import { State } from '../../kit/state';
import { SettingForm } from './form';
import { History } from './history';

export function Settings() {
	const { t } = useT();
	const may = useMay();
	return (
		<PageFrame title={t.nav.settings}>
			<TabFrame
				tabs={[
					{ key: 'policies', label: t.w.policies, body: <SettingForm /> },
					may('admin') && { key: 'users', label: t.w.users, body: <Users /> },
					{ key: 'tokens', label: t.w.tokens, body: <Tokens /> },
					may('operator') && { key: 'billing-log', label: t.w.billingLog, body: <History /> },
					may('operator') && { key: 'midtrans-log', label: t.w.midtransLog, body: <MidtransLog /> },
					may('admin') && { key: 'audit-log', label: t.w.auditLog, body: <AuditLog /> },
					{ key: 'health', label: t.w.health, body: <Health /> },
				]}
			/>
		</PageFrame>
	);
}

const USER_FIELDS = [
	'name',
	'email',
	{ name: 'password', kind: 'secret' as const },
	'role',
	'is_active',
];
const userCreate: Act = {
	key: 'newUser',
	role: 'admin',
	method: 'POST',
	path: '/api/users',
	resource: 'user',
	fields: USER_FIELDS,
};

function Users() {
	const { t } = useT();
	const acts = (row: Row): Act[] => [
		{
			key: 'edit',
			role: 'admin',
			method: 'PUT',
			path: `/api/users/${row.id}`,
			resource: 'user',
			fields: USER_FIELDS,
			row,
		},
		{
			key: 'remove',
			role: 'admin',
			colour: 'red',
			method: 'DELETE',
			path: `/api/users/${row.id}`,
			typed: String(row.email),
			says: t.c.remove,
		},
	];
	return (
		<PageFrame title={t.w.users} acts={[userCreate]}>
			<List<Row<'user'>>
				path="/api/users"
				label={t.w.users}
				columns={[
					{ key: 'name', phone: 'title' },
					'email',
					'role',
					{
						key: 'is_active',
						kind: 'state',
						cell: r => <State is={r.is_active ? 'active' : 'inactive'} />,
					},
				]}
				rowAct={r => <MoreMenu compact acts={acts(r)} />}
			/>
		</PageFrame>
	);
}

function Tokens() {
	const { t } = useT();
	return (
		<List<Row<'token'>>
			path="/api/auth/tokens"
			label={t.w.tokens}
			columns={[
				{ key: 'name', phone: 'title' },
				{
					key: 'abilities',
					cell: r => (
						<Group gap={4}>
							{(r.abilities as string[] | undefined)?.map(a => (
								<Badge key={a} size="sm" variant="default" tt="none">
									{a === '*' ? t.w.all : word(t.v, a)}
								</Badge>
							))}
						</Group>
					),
				},
				{ key: 'last_used_at', phone: 'plain' },
				{ key: 'expires_at', phone: 'plain' },
			]}
			rowAct={r => (
				<MoreMenu
					compact
					acts={[
						{
							key: 'revoke',
							role: 'viewer',
							colour: 'red',
							method: 'DELETE',
							path: `/api/auth/tokens/${r.id}`,
							says: t.c.revoke,
						},
					]}
				/>
			)}
		/>
	);
}

function MidtransLog() {
	const { t } = useT();
	return (
		<List<Row<'midtrans_log'>>
			path="/api/midtrans-logs"
			label={t.w.midtransLog}
			local
			columns={[
				{ key: 'created_at', phone: 'plain' },
				{ key: 'order_id', phone: 'title' },
				{ key: 'action', phone: 'side' },
				'transaction_status',
				{ key: 'message', wide: true },
			]}
		/>
	);
}

function AuditLog() {
	const { t } = useT();
	return (
		<List<Row<'audit_log'>>
			path="/api/audit-logs"
			label={t.w.auditLog}
			local
			columns={[
				{ key: 'created_at', phone: 'plain' },
				{ key: 'actor', phone: 'title' },
				{ key: 'action', phone: 'side', kind: 'word' },
				{ key: 'subject_type', kind: 'word', phone: 'plain' },
				{ key: 'ip', wide: true, phone: 'hide' },
				{ key: 'request_id', wide: true, phone: 'hide' },
			]}
		/>
	);
}

function Health() {
	const { t, lang } = useT();
	const read = useGet<Loose>('/api/health', {}, { every: 10_000 });
	const health = read.data;
	return (
		<Facts
			of={[
				[t.f.status, health && <State is={health.status} />],
				[t.w.apiVersion, health?.version],
				[
					t.w.database,
					health && <State is={typeof health.database === 'string' ? health.database : 'ok'} />,
				],
				[t.w.serverTime, health && moment(health.time, lang)],
			]}
		/>
	);
}
