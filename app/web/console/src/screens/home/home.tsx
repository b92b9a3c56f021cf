import {
	Alert,
	Anchor,
	Button,
	Card,
	Group,
	SimpleGrid,
	Skeleton,
	Stack,
	Table,
	Text,
} from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useGet, useMay } from '../../api/query';
import type { Loose, Page, Row } from '../../api/types';
import { useT, word } from '../../i18n';
import { day, rupiah } from '../../kit/format';
import { PageFrame, Section } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { useIsEmpty } from '../first/empty';
import { InvoiceRowAct } from '../invoices/row-act';
import { RouterState } from '../network/router-state';

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
					<Routers />
					<Tonight />
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
					{ key: 'version', phone: 'plain' },
					{ key: 'status', cell: r => <RouterState row={r} /> },
				]}
			/>
		</Section>
	);
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
			beside={
				<Group gap="xs">
					{plan && (
						<Text fz="xs" c="dimmed">
							{day(plan.date, lang)}
						</Text>
					)}
					<Anchor component="button" type="button" fz="xs" onClick={() => void read.refetch()}>
						{read.isFetching ? t.w.loading : t.a.refresh}
					</Anchor>
				</Group>
			}
		>
			{!plan && !read.error && <Skeleton h={40} />}
			{plan && lines.length === 0 && (
				<Text fz="sm" c="dimmed">
					{t.w.tonightNone}
				</Text>
			)}
			{lines.length > 0 && (
				<Table fz="sm" verticalSpacing={4}>
					<Table.Tbody>
						{lines.slice(0, 12).map(l => (
							<Table.Tr key={JSON.stringify(l)}>
								<Table.Td>
									{l.customer ?? l.name ?? l.mikrotik_username ?? l.invoice_number}
								</Table.Td>
								<Table.Td c="dimmed">{word(t.w, `step_${l.step ?? l.action}`)}</Table.Td>
								<Table.Td ta="right">{l.amount ? rupiah(l.amount) : ''}</Table.Td>
							</Table.Tr>
						))}
					</Table.Tbody>
				</Table>
			)}
		</Section>
	);
}
