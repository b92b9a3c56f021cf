/* Accounts as routers should hold them, and how far they do. */
import { Text } from '@mantine/core';
import type { Loose, Row } from '../../api/types';
import { useT } from '../../i18n';
import type { Messages } from '../../i18n/id';
import { List } from '../../kit/list';
import { ActBar, MoreMenu } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { To } from '../../kit/value';
import { ROUTER } from '../references';

const imported = (t: Messages, answer: Loose) =>
	`${t.w.imported(Number(answer.imported))} / ${answer.total}`;

/* A line for each row that was left out. */
const reasonsOf = (answer: Loose) => (answer.errors ?? []) as string[];

function LeftOut({ answer }: { answer: Loose }) {
	const { t } = useT();
	const reasons = reasonsOf(answer);
	return (
		<>
			<Text fz="sm" mb="xs" role="status">
				{imported(t, answer)} · {t.w.rowsBad(reasons.length)}
			</Text>
			<Rows<Loose>
				label={t.w.problemRows}
				rows={reasons.map((text, line) => ({ id: String(line), text }))}
				columns={[{ key: 'text', label: t.f.error, kind: 'why', phone: 'title' }]}
			/>
		</>
	);
}

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
							toast: a => imported(t, a),
							draw: a => reasonsOf(a).length > 0 && <LeftOut answer={a} />,
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
