/* One router: what it is, what flows through it, its accounts. */
import { Card } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useGet } from '../../api/query';
import type { Loose, Row } from '../../api/types';
import { useT } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { bits, bytes, moment } from '../../kit/format';
import { Facts, PageFrame, TabFrame } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { State } from '../../kit/state';
import { Trouble } from '../../kit/trouble';
import { Value } from '../../kit/value';
import { SubscriptionList } from '../subscriptions/subscriptions';
import { Accounts } from './accounts';
import { routerDelete, routerEdit, routerTest } from './acts';
import { RouterState } from './router-state';

export function RouterScreen() {
	const { t, lang } = useT();
	const go = useNavigate();
	const { id } = useParams({ strict: false }) as { id: string };
	const read = useGet<Row<'router_setting'>>(`/api/router-settings/${id}`, {}, { every: 15_000 });
	const row = read.data;
	if (!row) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	return (
		<PageFrame
			title={row.name}
			back={['/network', t.nav.network]}
			beside={<RouterState row={row} />}
			acts={[routerTest(row), routerEdit(t, row)]}
			more={[routerDelete(t, row, () => void go({ to: '/network' }))]}
		>
			<Trouble title={t.f.last_error} text={row.last_error} />
			<Facts
				of={[
					[t.f.host, `${row.host}:${row.port}`],
					[t.f.version, row.version ?? '–'],
					[t.f.ssl, row.ssl ? t.w.yes : t.w.no],
					[t.f.last_connected_at, moment(row.last_connected_at, lang)],
				]}
			/>
			{row.is_active && <Resources id={id} />}
			<TabFrame
				tabs={[
					{ key: 'accounts', label: t.w.accounts, body: <Accounts router={id} /> },
					{
						key: 'subscriptions',
						label: t.nav.subscriptions,
						body: <SubscriptionList local fixed={{ router_id: id }} empty={t.n.routerLines} />,
					},
					{ key: 'interfaces', label: t.w.interfaces, body: <Interfaces id={id} /> },
				]}
			/>
		</PageFrame>
	);
}

function Resources({ id }: { id: string }) {
	const { t, lang } = useT();
	const read = useGet<Loose>('/api/mikrotik/system', { router_id: id }, { every: 10_000 });
	const s = read.data;
	if (!s) return null;
	const used = (free: unknown, total: unknown) =>
		total ? `${bytes(Number(total) - Number(free), lang)} / ${bytes(Number(total), lang)}` : '–';
	return (
		<Facts
			of={[
				[t.f.cpu_load, `${s.cpu_load ?? s.cpu}%`],
				[t.f.memory, used(s.free_memory, s.total_memory)],
				[t.f.disk, used(s.free_hdd, s.total_hdd)],
				[t.f.uptime, <Value key="u" kind="uptime" of={s.uptime} />],
				[t.f.board_name, s.board_name ?? s.board],
				[t.f.architecture, s.architecture ?? '–'],
			]}
		/>
	);
}

type Rates = Record<string, { down: number; up: number }>;

/* Bits per second of each interface, from its counters in the last two answers that differ. */
function useRates(rows: Loose[] | undefined): Rates {
	const last = useRef<{ rows: Loose[]; at: number }>(null);
	const [rates, setRates] = useState<Rates>({});
	useEffect(() => {
		if (!rows) return;
		const now = performance.now();
		const before = last.current;
		last.current = { rows, at: now };
		if (!before || before.rows === rows) return;
		const of = (row: Loose, name: string) => {
			const old = before.rows.find(r => r.name === row.name);
			return (
				(Math.max(0, Number(row[name]) - Number(old?.[name] ?? row[name])) * 8000) /
				(now - before.at)
			);
		};
		setRates(
			Object.fromEntries(
				rows.map(r => [String(r.name), { down: of(r, 'rx_byte'), up: of(r, 'tx_byte') }]),
			),
		);
	}, [rows]);
	return rates;
}

function Interfaces({ id }: { id: string }) {
	const { t, lang } = useT();
	const read = useGet<Loose[]>('/api/mikrotik/interfaces', { router_id: id }, { every: 5_000 });
	const rates = useRates(read.data);
	return (
		<Card withBorder padding={0}>
			<Rows<Loose>
				label={t.w.interfaces}
				rows={read.data?.map((r, i) => ({ ...r, id: String(r.id ?? r.name ?? i) }))}
				error={read.error}
				columns={[
					{ key: 'name', phone: 'title' },
					{
						key: 'running',
						kind: 'state',
						label: t.f.status,
						cell: r => (
							<State is={r.disabled === true ? 'disabled' : r.running === true ? 'up' : 'down'} />
						),
					},
					{ key: 'type', phone: 'plain' },
					{ key: 'download', phone: 'label', cell: r => bits(rates[String(r.name)]?.down, lang) },
					{ key: 'upload', phone: 'label', cell: r => bits(rates[String(r.name)]?.up, lang) },
					{ key: 'rx_byte', label: t.w.downloaded, kind: 'bytes', phone: 'label' },
					{ key: 'tx_byte', label: t.w.uploaded, kind: 'bytes', phone: 'label' },
				]}
			/>
		</Card>
	);
}
