/* Accounts as routers should hold them, and how far they do. */
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { List } from '../../kit/list';
import { ActBar, MoreMenu } from '../../kit/page';
import { To } from '../../kit/value';
import { ROUTER } from '../references';

export function Accounts({ router }: { router?: string }) {
	const { t } = useT();
	return (
		<List<Row>
			path="/api/mikrotik-secrets"
			label={t.w.accounts}
			search
			local={!!router}
			fixed={router ? { router_id: router } : undefined}
			filters={[
				{ key: 'sync_state', among: ['synced', 'pending', 'failed'] },
				...(router ? [] : [{ key: 'router_id', reference: ROUTER }]),
			]}
			bar={
				<ActBar
					acts={[
						{
							key: 'importAccounts',
							role: 'operator',
							method: 'POST',
							path: '/api/mikrotik/import-secrets',
							says: t.c.importAccounts,
							fields: router ? [] : [{ name: 'router_id', reference: ROUTER }],
							fixed: router ? { router_id: router } : undefined,
							toast: a => `${t.w.imported(Number(a.imported))} / ${a.total}`,
						},
					]}
				/>
			}
			columns={[
				{ key: 'username', phone: 'title' },
				{ key: 'sync_state' },
				{ key: 'service', kind: 'word', phone: 'plain' },
				'wanted',
				{
					key: 'customer',
					phone: 'plain',
					cell: r => r.customer && <To to={`/customers/${r.customer_id}`}>{r.customer.name}</To>,
				},
				{ key: 'sync_error', phone: 'plain' },
				{ key: 'synced_at', wide: true, phone: 'hide' },
			]}
			rowAct={r => (
				<MoreMenu
					compact
					acts={[
						{
							key: 'syncNow',
							role: 'operator',
							method: 'POST',
							path: `/api/mikrotik-secrets/${r.id}/sync`,
							toast: String(r.username),
						},
					]}
				/>
			)}
		/>
	);
}
