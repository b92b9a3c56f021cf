/* Where routers differ from what they should hold, and the repair. */
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useGet } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { Rows } from '../../kit/list';
import { ActBar, Section } from '../../kit/page';
import { State } from '../../kit/state';

/* The answer is one router's plan, or a list of them. */
const plansOf = (answer: Loose | Loose[]): Loose[] =>
	Array.isArray(answer) ? answer : ((answer.routers ?? answer.data ?? [answer]) as Loose[]);

const rowsOf = (plan: Loose): Loose[] =>
	((plan.differences ?? plan.changes ?? plan.lines ?? plan.plan ?? []) as Loose[]).map((r, i) => ({
		...r,
		id: String(r.id ?? i),
	}));

export function Drift() {
	const { t } = useT();
	const read = useGet<Loose | Loose[]>('/api/mikrotik/drift', {}, { stale: 0 });
	if (!read.data) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	return (
		<Stack gap="md">
			<Group justify="flex-end">
				<Button variant="default" loading={read.isFetching} onClick={() => void read.refetch()}>
					{t.a.refresh}
				</Button>
			</Group>
			{plansOf(read.data).map((plan, i) => (
				<Plan key={plan.router_id ?? plan.id ?? i} plan={plan} />
			))}
		</Stack>
	);
}

function Plan({ plan }: { plan: Loose }) {
	const { t } = useT();
	const rows = rowsOf(plan);
	const router = plan.router_id ?? plan.id ?? plan.router?.id;
	return (
		<Section
			flush
			title={String(
				plan.router?.name ?? plan.router_name ?? plan.router ?? plan.name ?? t.f.router,
			)}
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
								fixed: { router_id: router },
							},
						]}
					/>
				)
			}
		>
			{plan.error ? (
				<Alert color="red" variant="light" m="sm" p="xs">
					{String(plan.error)}
				</Alert>
			) : rows.length === 0 ? (
				<Text fz="sm" c="dimmed" px="sm" pb="sm">
					{t.w.driftNone}
				</Text>
			) : (
				<Rows<Loose>
					label={t.w.drift}
					rows={rows}
					columns={[
						{ key: 'name', phone: 'title', cell: r => r.name ?? r.username ?? r.object },
						{
							key: 'kind',
							phone: 'side',
							cell: r => <State is={String(r.kind ?? r.action ?? r.change ?? 'changed')} />,
						},
						{
							key: 'where',
							label: t.f.type,
							phone: 'plain',
							cell: r => word(t.v, String(r.menu ?? r.service ?? r.type ?? '')),
						},
						{
							key: 'text',
							label: t.w.to,
							phone: 'plain',
							cell: r =>
								r.text ?? r.message ?? <Change was={r.was ?? r.found} is={r.is ?? r.wanted} />,
						},
					]}
				/>
			)}
		</Section>
	);
}

function Change({ was, is }: { was: unknown; is: unknown }) {
	const text = (v: unknown) =>
		v === null || v === undefined ? '–' : typeof v === 'object' ? JSON.stringify(v) : String(v);
	return (
		<>
			<Text span fz="inherit" td="line-through" c="dimmed">
				{text(was)}
			</Text>{' '}
			→ {text(is)}
		</>
	);
}
