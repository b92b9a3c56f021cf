/* The differences between routers and the database, and their repair. */
import { Alert, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useGet } from '../../api/query';
import type { Loose, Page, Row } from '../../api/types';
import { useT } from '../../i18n';
import { why } from '../../i18n/said';
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

const REPAIR_MS = 60_000;

/* A plan is made when asked for: the router is read for it.  Jobs of a repair take seconds: until the
 * plan is empty it is read again, for a minute at most. */
function Plan({ router }: { router: Row<'router_setting'> }) {
	const { t } = useT();
	const [isRepairing, setRepairing] = useState(false);
	const read = useGet<Loose>(
		'/api/mikrotik/drift',
		{ router_id: router.id },
		{ stale: 30_000, every: isRepairing ? 3000 : undefined },
	);
	const plan = read.data;
	const isEmpty = plan?.differences?.length === 0;
	useEffect(() => {
		if (!isRepairing) return;
		const timer = setTimeout(() => setRepairing(false), isEmpty ? 0 : REPAIR_MS);
		return () => clearTimeout(timer);
	}, [isRepairing, isEmpty]);
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
								after: () => setRepairing(true),
							},
						]}
					/>
				)
			}
		>
			{plan?.refusal && (
				<Alert color="yellow" variant="light" m="sm" p="xs">
					{why(t, plan.refusal)}
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
						{ key: 'kind', label: t.w.drift, phone: 'side', kind: 'state' },
						{ key: 'menu', label: t.w.menu, phone: 'plain' },
						{ key: 'text', label: t.w.to, kind: 'why', phone: 'plain' },
					]}
				/>
			)}
		</Section>
	);
}
