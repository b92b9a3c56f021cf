import {
	Alert,
	Anchor,
	Button,
	Card,
	Group,
	SimpleGrid,
	Skeleton,
	Stack,
	Text,
} from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMeta } from '../../api/meta';
import { useGet, useMay } from '../../api/query';
import type { Loose, Page, Row } from '../../api/types';
import { useT, word } from '../../i18n';
import { clock, day, moment, number, rupiah } from '../../kit/format';
import { PageFrame, Section } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { useIsEmpty } from '../first/empty';
import { InvoiceRowAct } from '../invoices/row-act';
import { RouterState } from '../network/router-state';
import { RunLines, useCounts } from '../settings/run-lines';

export function Home() {
	const { t } = useT();
	const isEmpty = useIsEmpty();
	const may = useMay();
	const stats = useGet<Loose>('/api/dashboard/stats', {}, { every: 60_000 });
	const s = stats.data;
	return (
		<PageFrame title={t.nav.home}>
			{isEmpty && may('admin') && (
				<Alert variant="light" mb="md" title={t.w.welcome}>
					<Group justify="space-between">
						<Text fz="sm">{t.w.firstText}</Text>
						<Button component={Link} to="/first" size="xs">
							{t.a.next}
						</Button>
					</Group>
				</Alert>
			)}
			<Figures
				of={[
					[t.w.receivedMonth, s && rupiah(s.monthly_revenue), '/payments'],
					[t.w.unpaid, s && String(s.unpaid_invoices), '/invoices?status=unpaid'],
					[
						t.w.overdue,
						s && String(s.overdue_invoices),
						'/invoices?status=overdue',
						!!s?.overdue_invoices,
					],
					[t.w.activeSubs, s && String(s.active_subscriptions), '/subscriptions?status=active'],
					[
						t.w.suspendedSubs,
						s && String(s.suspended_subscriptions),
						'/subscriptions?status=suspended',
						!!s?.suspended_subscriptions,
					],
				]}
			/>
			<SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
				<Stack gap="md">
					<Section title={t.w.toCollect} flush>
						<Rows<Row<'invoice'>>
							label={t.w.toCollect}
							rows={s?.overdue_list}
							error={stats.error}
							open={r => `/invoices/${r.id}`}
							columns={[
								{ key: 'customer', cell: r => r.subscription?.customer?.name ?? r.customer?.name },
								{ key: 'due_date', phone: 'plain' },
								{ key: 'outstanding' },
							]}
							rowAct={r => <InvoiceRowAct invoice={r} />}
						/>
					</Section>
					<Section title={t.w.latest} flush>
						<Rows<Row<'payment'>>
							label={t.w.latest}
							rows={s?.recent_payments}
							error={stats.error}
							columns={[
								{ key: 'customer', cell: r => r.customer?.name, phone: 'title' },
								{ key: 'payment_date', kind: 'day', phone: 'plain' },
								{ key: 'method', phone: 'plain', wide: true },
								'status',
								{ key: 'amount' },
							]}
						/>
					</Section>
				</Stack>
				<Stack gap="md">
					<OpenAlerts />
					<Routers />
					<Tonight />
					<LastRun />
					<Section title={t.w.expiring} flush>
						<Rows<Row<'subscription'>>
							label={t.w.expiring}
							rows={s?.expiring_subscriptions}
							error={stats.error}
							open={r => `/subscriptions/${r.id}`}
							columns={[
								{ key: 'customer', cell: r => r.customer?.name },
								{ key: 'mikrotik_username', phone: 'plain' },
								{ key: 'end_date', phone: 'side' },
							]}
						/>
					</Section>
				</Stack>
			</SimpleGrid>
		</PageFrame>
	);
}

function Figures({
	of,
}: {
	of: [label: string, value: string | undefined, to: string, isBad?: boolean][];
}) {
	return (
		<SimpleGrid cols={{ base: 2, sm: 3, lg: of.length }} spacing="xs" mb="md">
			{of.map(([label, value, to, isBad]) => (
				<Card key={label} withBorder padding="sm" component={Link} to={to} td="none" c="inherit">
					<Text fz="xs" c="dimmed">
						{label}
					</Text>
					<Text
						fz={{ base: 'md', sm: 'xl' }}
						fw={650}
						c={isBad ? 'red' : undefined}
						component="div"
						className="numbers"
					>
						{value ?? <Skeleton h={20} my={5} w="60%" />}
					</Text>
				</Card>
			))}
		</SimpleGrid>
	);
}

function Routers() {
	const { t } = useT();
	const read = useGet<Page<Row<'router_setting'>>>(
		'/api/router-settings',
		{ per_page: 10 },
		{ every: 30_000 },
	);
	return (
		<Section title={t.w.routers} flush>
			<Rows<Row<'router_setting'>>
				label={t.w.routers}
				rows={read.data?.data}
				error={read.error}
				open={r => `/network/routers/${r.id}`}
				columns={[
					'name',
					{ key: 'version', wide: true, phone: 'plain' },
					{ key: 'cpu_load', phone: 'plain', cell: r => <Cpu router={r} /> },
					{ key: 'status', cell: r => <RouterState row={r} /> },
				]}
			/>
			<Waiting />
		</Section>
	);
}

function Cpu({ router }: { router: Row }) {
	const read = useGet<Loose>(
		'/api/mikrotik/system',
		{ router_id: router.id },
		{ enabled: !!router.is_active && !router.broken_since, every: 30_000 },
	);
	return read.data ? `CPU ${read.data.cpu_load}%` : '–';
}

/* Preview of the night's run, with names. */
function Tonight() {
	const { t, lang } = useT();
	const may = useMay();
	const read = useGet<Loose>(
		'/api/billing/preview',
		{},
		{ enabled: may('operator'), stale: 300_000 },
	);
	const plan = read.data;
	if (!may('operator')) return null;
	const lines = (plan?.lines ?? []) as Loose[];
	return (
		<Section
			title={t.w.tonight}
			flush
			beside={
				<Group gap="xs">
					{plan && (
						<Text fz="xs" c="dimmed">
							{day(plan.date, lang)} · {t.w.asOf} {clock(read.dataUpdatedAt, lang)}
						</Text>
					)}
					<Anchor component="button" type="button" fz="xs" onClick={() => void read.refetch()}>
						{read.isFetching ? t.w.loading : t.a.refresh}
					</Anchor>
				</Group>
			}
		>
			{plan && lines.length === 0 ? (
				<Text fz="sm" c="dimmed" px="sm" pb="sm">
					{t.w.tonightNone}
				</Text>
			) : (
				<RunLines lines={plan && lines.slice(0, SHOWN)} title={t.w.tonight} />
			)}
			{lines.length > SHOWN && (
				<Text fz="xs" c="dimmed" p="sm">
					{t.w.andMore(lines.length - SHOWN)}
				</Text>
			)}
		</Section>
	);
}

const SHOWN = 12;

/* The run before: when, what it did; a click leads to its report. */
function LastRun() {
	const { t, lang } = useT();
	const may = useMay();
	const say = useCounts();
	const read = useGet<Page<Row>>(
		'/api/billing/runs',
		{ per_page: 1 },
		{ enabled: may('operator'), every: 60_000 },
	);
	const meta = useMeta();
	if (!may('operator')) return null;
	const run = read.data?.data[0];
	return (
		<Section
			title={t.w.lastRun}
			beside={
				run && (
					<Anchor component={Link} to={`/runs/${run.id}`} fz="xs">
						{t.w.report}
					</Anchor>
				)
			}
		>
			<Text fz="sm" c={run ? undefined : 'dimmed'}>
				{run ? `${moment(run.started_at, lang)} · ${say(run.counts)}` : t.w.noneYet}
			</Text>
			{meta && (
				<Text fz="sm" mt={4} c={meta.last_proven_restore ? undefined : 'dimmed'}>
					{t.w.lastRestore}:{' '}
					{meta.last_proven_restore ? moment(meta.last_proven_restore, lang) : t.w.restoreNone}
				</Text>
			)}
		</Section>
	);
}

/* Open alerts; more of them stand on their own screen. */
function OpenAlerts() {
	const { t } = useT();
	const read = useGet<Loose>('/api/monitoring/dashboard', {}, { every: 30_000 });
	const alerts = read.data?.open_alerts as Loose[] | undefined;
	return (
		<Section
			title={t.w.alerts}
			flush
			beside={
				<Anchor component={Link} to="/network?tab=alerts" fz="xs">
					{t.w.all}
				</Anchor>
			}
		>
			{alerts?.length === 0 ? (
				<Text fz="sm" c="dimmed" px="sm" pb="sm">
					{t.w.noAlerts}
				</Text>
			) : (
				<Rows<Loose>
					label={t.w.alerts}
					rows={alerts?.slice(0, 5)}
					error={read.error}
					columns={[
						{ key: 'title', phone: 'title' },
						{ key: 'severity', phone: 'side' },
						...(alerts?.some(a => a.affected_customers !== undefined)
							? ['affected_customers']
							: []),
						{ key: 'created_at', label: t.f.raised_at, phone: 'plain' as const },
					]}
				/>
			)}
		</Section>
	);
}

const useAccounts = (sync_state: string) =>
	useGet<Page<Loose>>('/api/mikrotik-secrets', { sync_state, per_page: 1 }, { every: 30_000 }).data
		?.total;

/* Accounts that routers do not hold yet as they should. */
function Waiting() {
	const { t } = useT();
	const counts = { pending: useAccounts('pending'), failed: useAccounts('failed') };
	if (!counts.pending && !counts.failed) return null;
	return (
		<Group gap="xs" px="sm" pb="sm">
			{(['pending', 'failed'] as const).map(state =>
				counts[state] ? (
					<Anchor
						key={state}
						component={Link}
						to={`/network?tab=accounts&sync_state=${state}`}
						fz="sm"
					>
						{t.w.accounts} {word(t.v, state).toLowerCase()}: {number(counts[state])}
					</Anchor>
				) : null,
			)}
		</Group>
	);
}
