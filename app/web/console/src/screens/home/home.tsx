/* Beranda: what came in, what is owed, what the night did and will do, what needs a hand. */
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
import { call } from '../../api/client';
import { refresh, useGet, useMay } from '../../api/query';
import type { Loose, Row } from '../../api/types';
import { useT } from '../../i18n';
import { alertText } from '../../i18n/alert';
import { Chart } from '../../kit/chart';
import { day, moment, monthName, number, rupiah, shortRupiah } from '../../kit/format';
import { PageFrame, Section } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { State } from '../../kit/state';
import { useToast } from '../../kit/toast';
import { useIsEmpty } from '../first/empty';
import { InvoiceRowAct } from '../invoices/row-act';
import { counted } from '../settings/counts';
import { RunLines } from '../settings/run-lines';

const numbered = (rows: Loose[] | undefined) =>
	rows?.map((r, i) => ({ ...r, id: String(r.id ?? i) }));

export function Home() {
	const { t } = useT();
	const isEmpty = useIsEmpty();
	const may = useMay();
	const read = useGet<Loose>('/api/dashboard', {}, { every: 60_000 });
	const stats = useGet<Loose>('/api/dashboard/stats', {}, { every: 60_000 });
	const d = read.data;
	const s = stats.data;
	const sum = (part?: Loose) => part && rupiah(part.amount);
	const numberOf = (label: string, part?: Loose) =>
		part ? `${label} (${number(part.count)})` : label;
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
					[t.w.receivedToday, d && rupiah(d.today_total), '/payments'],
					[t.w.receivedMonth, d && rupiah(d.month_total), '/payments'],
					[numberOf(t.w.unpaid, d?.unpaid), sum(d?.unpaid), '/invoices?status=unpaid'],
					[
						numberOf(t.w.overdue, d?.overdue),
						sum(d?.overdue),
						'/invoices?status=overdue',
						!!d?.overdue?.count,
					],
					[
						t.w.activeSubs,
						s && number(Number(s.active_subscriptions)),
						'/subscriptions?status=active',
					],
					[
						t.w.suspendedSubs,
						s && number(Number(s.suspended_subscriptions)),
						'/subscriptions?status=suspended',
						!!s?.suspended_subscriptions,
					],
				]}
			/>
			<SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
				<Stack gap="md" miw={0}>
					<Section title={t.w.toCollect} flush>
						<Rows<Row<'invoice'>>
							label={t.w.toCollect}
							empty={t.n.toCollect}
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
					<Section title={t.w.ageing} flush>
						<Rows<Loose>
							label={t.w.ageing}
							rows={numbered(d?.ageing)}
							error={read.error}
							columns={[
								{
									key: 'age',
									label: t.f.bucket,
									phone: 'title',
									cell: r =>
										r.age === 'not_due'
											? t.v.not_due
											: t.w.daysLate(String(r.age).replace('-', '–')),
								},
								{ key: 'count', label: t.nav.invoices },
								{ key: 'amount' },
							]}
						/>
					</Section>
					<Section title={t.w.receivedToday} flush>
						<Rows<Loose>
							label={t.w.receivedToday}
							empty={t.n.receivedToday}
							rows={numbered(d?.received_today)}
							error={read.error}
							columns={[
								{ key: 'method', phone: 'title' },
								{ key: 'actor', phone: 'plain' },
								{ key: 'count', label: t.nav.payments },
								{ key: 'amount' },
							]}
						/>
					</Section>
					<Months rows={d?.months as Loose[] | undefined} />
					<Section title={t.w.latest} flush>
						<Rows<Row<'payment'>>
							label={t.w.latest}
							empty={t.n.payments}
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
				<Stack gap="md" miw={0}>
					<Alerts rows={d?.alerts as Loose[] | undefined} />
					<Routers rows={d?.routers as Loose[] | undefined} />
					<Tonight preview={d && ((d.preview as Loose | null) ?? null)} />
					<LastRun of={d} />
					<Section title={t.w.expiring} flush>
						<Rows<Loose>
							label={t.w.expiring}
							empty={t.n.expiring}
							rows={d?.expiring}
							error={read.error}
							open={r => `/subscriptions/${r.id}`}
							columns={[
								{ key: 'customer_name' },
								{ key: 'username', phone: 'plain' },
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
		<SimpleGrid cols={{ base: 2, sm: 3, xl: of.length }} spacing="xs" mb="md">
			{of.map(([label, value, to, isBad]) => (
				<Card key={label} withBorder padding="sm" component={Link} to={to} td="none" c="inherit">
					<Text fz="xs" c="dimmed">
						{label}
					</Text>
					<Text
						fz={{ base: 'sm', sm: 'lg' }}
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

function Months({ rows }: { rows?: Loose[] }) {
	const { t, lang } = useT();
	return (
		<Section title={t.w.revenue12}>
			{rows ? (
				<Chart
					label={t.w.revenue12}
					x={rows.map((_, i) => i)}
					ys={[rows.map(r => Number(r.received) - Number(r.returned))]}
					names={rows.map(r => monthName(String(r.month), lang))}
					lines={[{ label: t.f.net, colour: '#228be6' }]}
					format={n => shortRupiah(n, lang)}
				/>
			) : (
				<Skeleton h={200} />
			)}
		</Section>
	);
}

/* Open alerts, each with how many customers it reaches; all of them stand on their own screen. */
function Alerts({ rows }: { rows?: Loose[] }) {
	const { t, lang } = useT();
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
			<Rows<Loose>
				label={t.w.alerts}
				rows={rows?.slice(0, 5)}
				empty={t.w.noAlerts}
				columns={[
					{
						key: 'title',
						phone: 'title',
						cell: r => alertText(t, lang, r as Row<'alert'>, 'title'),
					},
					{ key: 'severity', phone: 'side' },
					{
						key: 'customers',
						label: t.f.affected,
						phone: 'plain',
						cell: r => (r.customers ? t.w.customers(r.customers) : '–'),
					},
					{ key: 'created_at', label: t.f.raised_at, phone: 'plain' },
				]}
			/>
		</Section>
	);
}

function Routers({ rows }: { rows?: Loose[] }) {
	const { t } = useT();
	return (
		<Section title={t.w.routers} flush>
			<Rows<Loose>
				label={t.w.routers}
				empty={t.n.routers}
				rows={rows}
				open={r => `/network/routers/${r.id}`}
				columns={[
					'name',
					{
						key: 'cpu_load',
						kind: 'number',
						cell: r => <Cpu router={r} />,
					},
					{ key: 'online', kind: 'number', cell: r => number(Number(r.online ?? 0)) },
					{
						key: 'pending',
						label: t.w.waitingSync,
						kind: 'number',
						cell: r => number(Number(r.pending ?? 0) + Number(r.failed ?? 0)),
					},
					{
						key: 'status',
						cell: r => (
							<State
								is={r.broken_since ? 'down' : r.has_drift ? 'warning' : 'up'}
								label={r.has_drift && !r.broken_since ? t.w.drift : undefined}
							/>
						),
					},
				]}
			/>
		</Section>
	);
}

/* A snapshot that is too old answers null: then the router itself is asked, politely. */
function Cpu({ router }: { router: Loose }) {
	const read = useGet<Loose>(
		'/api/mikrotik/system',
		{ router_id: router.id },
		{ enabled: !router.broken_since, every: 30_000 },
	);
	const cpu = read.data?.cpu_load ?? router.cpu;
	return cpu === null || cpu === undefined ? '–' : `${cpu}%`;
}

const SHOWN = 12;

/* The night's plan, by name: the last preview that is kept, made anew by a button. */
function Tonight({ preview }: { preview: Loose | null | undefined }) {
	const { t, lang } = useT();
	const may = useMay();
	const toast = useToast();
	if (!may('operator')) return null;
	const lines = (preview?.answer?.lines ?? []) as Loose[];
	const made = preview && `${t.w.asOf} ${moment(String(preview.made_at), lang)}`;
	return (
		<Section
			title={t.w.tonight}
			flush
			beside={
				<Group gap="xs">
					<Text fz="xs" c="dimmed">
						{made}
					</Text>
					<Anchor
						component="button"
						type="button"
						fz="xs"
						onClick={() => void call('GET', '/api/billing/preview').then(refresh, toast.error)}
					>
						{t.a.refresh}
					</Anchor>
				</Group>
			}
		>
			{preview && lines.length > 0 ? (
				<RunLines lines={lines.slice(0, SHOWN)} title={t.w.tonight} />
			) : (
				<Text fz="sm" c="dimmed" px="sm" pb="sm">
					{preview === undefined ? t.w.loading : preview ? t.w.tonightNone : t.w.tonightUnknown}
				</Text>
			)}
			{lines.length > SHOWN && (
				<Text fz="xs" c="dimmed" p="sm">
					{t.w.andMore(lines.length - SHOWN)}
				</Text>
			)}
		</Section>
	);
}

/* The run before, and when a backup was last proven by a restore. */
function LastRun({ of }: { of?: Loose }) {
	const { t, lang } = useT();
	const may = useMay();
	const run = of?.last_run as Loose | null | undefined;
	const proof = of?.last_proven_restore as string | null | undefined;
	return (
		<Section
			title={t.w.lastRun}
			beside={
				run &&
				may('operator') && (
					<Anchor component={Link} to={`/runs/${run.id}`} fz="xs">
						{t.w.report}
					</Anchor>
				)
			}
		>
			{of ? (
				<>
					<Text fz="sm" c={run ? undefined : 'dimmed'}>
						{run
							? `${day(String(run.date), lang)}: ${run.is_undone ? t.v.undone : counted(t, run.counts)}`
							: t.w.noneYet}
					</Text>
					<Text fz="sm" mt={4} c={proof ? undefined : 'dimmed'}>
						{t.w.lastRestore}: {proof ? moment(proof, lang) : t.w.restoreNone}
					</Text>
				</>
			) : (
				<Skeleton h={16} my={3} w="70%" />
			)}
		</Section>
	);
}
