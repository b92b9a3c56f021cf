/* One device: its interfaces, and what flows through them. */
import { Stack, Switch } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { call } from '../../api/client';
import { refresh, useGet, useMay } from '../../api/query';
import type { Loose, Page, Row } from '../../api/types';
import { useT } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { bits, moment } from '../../kit/format';
import { Facts, PageFrame, Section } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { State } from '../../kit/state';
import { useToast } from '../../kit/toast';
import { Trouble } from '../../kit/trouble';
import { watchedDelete, watchedEdit } from './acts';
import { DEVICE_FIELDS } from './devices';
import { HistoryChart, PeriodPicker, usePeriod } from './period';

export function DeviceScreen() {
	const { t, lang } = useT();
	const go = useNavigate();
	const { id } = useParams({ strict: false }) as { id: string };
	const path = `/api/snmp-devices/${id}`;
	const read = useGet<Row>(path, {}, { every: 30_000 });
	const ports = useGet<Page<Loose>>(`${path}/interfaces`, { per_page: 100 }, { every: 30_000 });
	const [period, setPeriod] = usePeriod();
	const row = read.data;
	if (!row) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	const rows = ports.data?.data;
	const watched = rows?.filter(r => r.monitor_bandwidth) ?? [];
	return (
		<PageFrame
			title={row.name}
			back={['/network?tab=devices', t.w.devices]}
			beside={<State is={String(row.status ?? 'unknown')} />}
			acts={[
				{ key: 'discover', role: 'operator', method: 'POST', path: `${path}/discover` },
				watchedEdit(path, 'snmp_device', DEVICE_FIELDS, row),
			]}
			more={[watchedDelete(t, path, row, () => void go({ to: '/network?tab=devices' }))]}
		>
			<Trouble title={t.f.last_error} text={row.last_error} />
			<Facts
				of={[
					[t.f.host, row.host],
					[t.f.name, row.sys_name ?? '–'],
					[t.f.description, row.sys_descr ?? '–'],
					[t.f.last_seen_at, moment(row.last_polled_at, lang)],
				]}
			/>
			<Stack gap="md">
				{watched.length > 0 && <PeriodPicker value={period} onChange={setPeriod} />}
				{watched.map(r => (
					<Section key={r.id} title={[r.if_name, r.if_alias].filter(Boolean).join(' · ')}>
						<HistoryChart
							path={`/api/snmp/bandwidth-history/${r.id}`}
							period={period}
							label={`${t.w.traffic} ${r.if_name}`}
							format={n => bits(n, lang)}
							lines={[
								{ key: 'in_rate', label: t.f.in_rate, colour: '#228be6', fill: true },
								{ key: 'out_rate', label: t.f.out_rate, colour: '#12b886' },
							]}
						/>
					</Section>
				))}
				<Section title={t.w.interfaces} flush>
					<Rows<Loose>
						label={t.w.interfaces}
						rows={rows}
						error={ports.error}
						columns={[
							{ key: 'if_name', phone: 'title' },
							{ key: 'if_oper_status', kind: 'state', label: t.f.status },
							{ key: 'if_alias', phone: 'plain' },
							{
								key: 'if_speed',
								phone: 'hide',
								cell: r => bits(r.manual_speed ?? r.if_speed, lang),
							},
							{ key: 'in_rate', phone: 'hide' },
							{ key: 'out_rate', phone: 'hide' },
						]}
						rowAct={r => <Watch row={r} />}
					/>
				</Section>
			</Stack>
		</PageFrame>
	);
}

function Watch({ row }: { row: Loose }) {
	const { t } = useT();
	const may = useMay();
	const toast = useToast();
	return (
		<Switch
			size="sm"
			disabled={!may('operator')}
			aria-label={`${t.f.is_monitored}: ${row.if_name}`}
			checked={!!row.monitor_bandwidth}
			onChange={e =>
				call('PATCH', `/api/snmp-interfaces/${row.id}`, {
					body: { monitor_bandwidth: e.currentTarget.checked },
				}).then(refresh, toast.error)
			}
		/>
	);
}
