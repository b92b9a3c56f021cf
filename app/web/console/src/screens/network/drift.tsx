/* Differences between routers and what they should hold, and the repair. */
import { Alert, Stack, Text } from '@mantine/core';
import { useGet } from '../../api/query';
import type { Loose, Page, Row } from '../../api/types';
import { useT } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { ActBar, Section } from '../../kit/page';
import { Rows } from '../../kit/rows';

export function Drift() {
	const read = useGet<Page<Row<'router_setting'>>>('/api/router-settings', {
		is_active: '1',
		per_page: 100,
	});
	if (!read.data) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	return (
		<Stack gap="md">
			{read.data.data.map(router => (
				<Plan key={router.id} router={router} />
			))}
		</Stack>
	);
}

/* A plan is made when asked for: the router is read for it. */
function Plan({ router }: { router: Row<'router_setting'> }) {
	const { t } = useT();
	const read = useGet<Loose>('/api/mikrotik/drift', { router_id: router.id }, { stale: 30_000 });
	const plan = read.data;
	const rows = ((plan?.differences ?? []) as Loose[]).map((r, i) => ({ ...r, id: String(i) }));
	return (
		<Section
			flush
			title={router.name}
			beside={
				rows.length > 0 && (
					<ActBar
						acts={[
							{
								key: 'apply',
								role: 'operator',
								method: 'POST',
								path: '/api/mikrotik/drift/apply',
								says: t.c.apply,
								fixed: { router_id: router.id, force: !!plan?.refusal },
							},
						]}
					/>
				)
			}
		>
			{plan?.refusal && (
				<Alert color="yellow" variant="light" m="sm" p="xs">
					{plan.refusal}
				</Alert>
			)}
			{plan && rows.length === 0 ? (
				<Text fz="sm" c="dimmed" px="sm" pb="sm">
					{t.w.driftNone}
				</Text>
			) : (
				<Rows<Loose>
					label={`${t.w.drift}: ${router.name}`}
					rows={plan && rows}
					error={read.error}
					retry={() => void read.refetch()}
					columns={[
						{ key: 'name', phone: 'title' },
						{ key: 'kind', phone: 'side', kind: 'state' },
						{ key: 'menu', label: t.f.type, phone: 'plain' },
						{ key: 'text', label: t.w.to, phone: 'plain' },
					]}
				/>
			)}
		</Section>
	);
}
