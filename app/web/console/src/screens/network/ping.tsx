/* One target: latency with the ground between lowest and highest tinted ("smoke"), and loss. */
import { Stack } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useGet } from '../../api/query';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { NotYet } from '../../kit/empty';
import { ms, percent } from '../../kit/format';
import { Facts, PageFrame, Section } from '../../kit/page';
import { State } from '../../kit/state';
import { Trouble } from '../../kit/trouble';
import { watchedDelete, watchedEdit } from './acts';
import { HistoryChart, PeriodPicker, usePeriod } from './period';
import { TARGET_FIELDS } from './pings';

export function PingScreen() {
	const { t, lang } = useT();
	const go = useNavigate();
	const { id } = useParams({ strict: false }) as { id: string };
	const path = `/api/ping-targets/${id}`;
	const read = useGet<Row>(path, {}, { every: 30_000 });
	const [period, setPeriod] = usePeriod();
	const row = read.data;
	if (!row) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	return (
		<PageFrame
			title={row.name}
			back={['/network?tab=pings', t.w.pings]}
			beside={<State is={String(row.status)} />}
			acts={[
				{
					key: 'pingNow',
					role: 'operator',
					method: 'POST',
					path: `${path}/ping-now`,
					toast: a => `${ms(a.latency_ms, lang)} · ${percent(a.packet_loss_percent, lang)}`,
				},
				watchedEdit(path, 'ping_target', TARGET_FIELDS, row),
			]}
			more={[watchedDelete(t, path, row, () => void go({ to: '/network?tab=pings' }))]}
		>
			<Trouble title={t.f.last_error} text={row.last_error} />
			<Facts
				of={[
					[t.f.host, row.host],
					[t.f.ip, row.address ?? '–'],
					[t.f.latency_ms, ms(row.last_latency_ms, lang)],
					[t.f.packet_loss_percent, percent(row.packet_loss_percent, lang)],
				]}
			/>
			<Stack gap="md">
				<PeriodPicker value={period} onChange={setPeriod} />
				<Section title={t.w.latency}>
					<HistoryChart
						path={`${path}/history`}
						period={period}
						label={t.w.latency}
						format={n => ms(n, lang)}
						band={[2, 1]}
						lines={[
							{ key: 'latency_ms', label: t.w.latency, colour: '#228be6' },
							{ key: 'min_ms', label: t.w.range, colour: '#74b4ee' },
							{ key: 'max_ms', label: t.w.highest, colour: '#74b4ee', isUnnamed: true },
						]}
					/>
				</Section>
				<Section title={t.w.loss}>
					<HistoryChart
						path={`${path}/history`}
						period={period}
						label={t.w.loss}
						height={120}
						least={10}
						format={n => `${Math.round(n)}%`}
						lines={[{ key: 'packet_loss_percent', label: t.w.loss, colour: '#e03131', fill: true }]}
					/>
				</Section>
			</Stack>
		</PageFrame>
	);
}
