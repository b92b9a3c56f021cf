import { Alert, Anchor, Card, Group, Text } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useGet, useMay } from '../../api/query';
import type { Page, Row } from '../../api/types';
import { useT } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { day, rupiah, today, whatsapp } from '../../kit/format';
import { List } from '../../kit/list';
import { ActBar, Facts, MoreMenu, PageFrame, TabFrame } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { State } from '../../kit/state';
import { To } from '../../kit/value';
import { isOpen } from '../invoices/acts';
import { InvoiceList } from '../invoices/invoices';
import { Messages } from '../messages/messages';
import { Live } from '../network/live';
import { OnlineSince } from '../network/online-since';
import { deposit, takePayment } from '../payments/acts';
import { PaymentList } from '../payments/payments';
import { Chain } from '../settings/history';
import { subscriptionActs, subscriptionCreate } from '../subscriptions/acts';
import { chargeCreate, creditAdjust, customerArchive, customerEdit } from './acts';
import { Statement } from './statement';

/* Open invoices, oldest first: debt and what is paid next. */
function useOpen(id: string) {
	const read = useGet<Page<Row<'invoice'>>>('/api/invoices', {
		customer_id: id,
		sort: 'due_date',
		per_page: 100,
	});
	const open = read.data?.data.filter(isOpen);
	return { open, debt: open?.reduce((sum, i) => sum + i.outstanding, 0) };
}

export function CustomerScreen() {
	const { t, lang } = useT();
	const go = useNavigate();
	const may = useMay();
	const { id } = useParams({ strict: false }) as { id: string };
	const read = useGet<Row<'customer'>>(`/api/customers/${id}`);
	const { open, debt } = useOpen(id);
	const row = read.data;
	if (!row) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	const subscriptions = (row.subscriptions ?? []) as Row<'subscription'>[];
	const live = subscriptions.filter(s => s.status !== 'cancelled');
	const cut = live.find(s => s.suspend_reason === 'debt');
	const oldest = open?.[0];
	const isLate = oldest !== undefined && oldest.due_date < today();
	return (
		<PageFrame
			title={row.name}
			back={['/customers', t.nav.customers]}
			beside={live.map(s => (
				<Group key={s.id} gap={4}>
					<State is={s.suspend_reason === 'debt' ? 'off_for_debt' : s.status} />
					<OnlineSince line={s} />
				</Group>
			))}
			acts={[
				oldest ? takePayment(t, { ...oldest, customer: row }) : subscriptionCreate(t, row),
				oldest && subscriptionCreate(t, row),
			]}
			more={[
				customerEdit(row),
				deposit(t, row),
				chargeCreate(t, row, live),
				creditAdjust(t, row),
				customerArchive(t, row, () => void go({ to: '/customers' })),
			]}
		>
			{cut && oldest && (
				<Alert color="red" variant="light" mb="sm" p="xs">
					{t.w.whyCut}: {oldest.invoice_number}, {t.f.due_date.toLowerCase()}{' '}
					{day(oldest.due_date, lang)}, {rupiah(oldest.outstanding)}.
				</Alert>
			)}
			<Facts
				of={[
					[t.f.debt, debt === undefined ? undefined : rupiah(debt), isLate ? 'red' : undefined],
					[t.f.credit, rupiah(row.credit ?? 0)],
					[t.f.phone, <Phone key="p" phone={row.phone} />],
					[t.f.email, row.email ? <Mail key="m" of={String(row.email)} /> : '–'],
					[t.f.address, row.address ?? '–'],
					[t.w.since, day(row.created_at, lang)],
				]}
			/>
			{row.notes && (
				<Text fz="sm" mb="sm">
					{row.notes}
				</Text>
			)}
			<TabFrame
				tabs={[
					{
						key: 'subscriptions',
						label: t.nav.subscriptions,
						body: (
							<Card withBorder padding={0}>
								<Rows<Row<'subscription'>>
									label={t.nav.subscriptions}
									rows={subscriptions}
									empty={t.n.subscriptions}
									open={s => `/subscriptions/${s.id}`}
									columns={[
										{ key: 'mikrotik_username' },
										{
											key: 'status',
											cell: s => (
												<State is={s.suspend_reason === 'debt' ? 'off_for_debt' : s.status} />
											),
										},
										{ key: 'package', cell: s => s.package?.name, phone: 'plain' },
										{ key: 'end_date' },
										{ key: 'sync_state', wide: true, phone: 'hide' },
									]}
									rowAct={s => <MoreMenu compact acts={subscriptionActs(t, s)} />}
								/>
							</Card>
						),
					},
					{
						key: 'invoices',
						label: t.nav.invoices,
						body: <InvoiceList local hideCustomer fixed={{ customer_id: id }} />,
					},
					{
						key: 'payments',
						label: t.nav.payments,
						body: <PaymentList local hideCustomer fixed={{ customer_id: id }} />,
					},
					{ key: 'credit', label: t.f.credit, body: <Credits id={id} /> },
					{
						key: 'statement',
						label: t.w.statement,
						body: <Statement id={id} />,
					},
					{ key: 'charges', label: t.w.charges, body: <Charges row={row} live={live} /> },
					live[0] && {
						key: 'live',
						label: t.w.live,
						body: <Live line={live[0]} />,
					},
					{
						key: 'history',
						label: t.w.history,
						body: <Chain path={`/api/customers/${id}/history`} />,
					},
					may('operator') && {
						key: 'messages',
						label: t.w.messages,
						body: <Messages customer={id} />,
					},
				]}
			/>
		</PageFrame>
	);
}

/* Broken before its @, where it has to be. */
function Mail({ of }: { of: string }) {
	const at = of.lastIndexOf('@');
	return (
		<>
			{of.slice(0, at)}
			<wbr />
			{of.slice(at)}
		</>
	);
}

function Phone({ phone }: { phone?: string | null }) {
	if (!phone) return '–';
	return (
		<Group gap={6}>
			<Anchor href={`tel:${phone.replace(/[^\d+]/g, '')}`} fz="inherit">
				{phone}
			</Anchor>
			<Anchor href={whatsapp(phone, '')} target="_blank" rel="noreferrer" fz="xs">
				WA
			</Anchor>
		</Group>
	);
}

function Credits({ id }: { id: string }) {
	const { t } = useT();
	return (
		<List<Row<'credit'>>
			path={`/api/customers/${id}/credits`}
			label={t.w.creditLedger}
			empty={t.n.credit}
			local
			columns={[
				{ key: 'created_at', phone: 'plain' },
				{ key: 'kind', phone: 'plain' },
				{ key: 'reason', phone: 'plain' },
				{ key: 'amount' },
				{ key: 'balance', phone: 'hide' },
			]}
		/>
	);
}

function Charges({ row, live }: { row: Row; live: Row[] }) {
	const { t } = useT();
	return (
		<List<Row>
			path={`/api/customers/${row.id}/charges`}
			label={t.w.charges}
			empty={t.n.charges}
			local
			bar={<ActBar acts={[chargeCreate(t, row, live)]} />}
			columns={[
				{ key: 'entered_on', kind: 'day', phone: 'plain' },
				{ key: 'text', phone: 'title' },
				{ key: 'kind', phone: 'plain' },
				{ key: 'quantity', kind: 'number', wide: true, phone: 'hide' },
				{
					key: 'invoice_number',
					label: t.f.invoice,
					phone: 'plain',
					cell: c =>
						c.invoice_id ? (
							<To to={`/invoices/${c.invoice_id}`}>{c.invoice_number}</To>
						) : (
							t.w.onNextBill
						),
				},
				{ key: 'amount' },
			]}
		/>
	);
}
