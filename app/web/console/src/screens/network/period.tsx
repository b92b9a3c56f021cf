/* A measured history over a period that the person chooses. */
import { SegmentedControl, Skeleton, Text } from '@mantine/core';
import { useMemo } from 'react';
import { useGet } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import { errorText } from '../../i18n/errors';
import { Chart, type Line } from '../../kit/chart';
import { useUrl } from '../../kit/state-url';

const PERIODS = ['1h', '6h', '24h', '7d', '30d', '1y'];

export function usePeriod(): [string, (period: string) => void] {
	const [state, setState] = useUrl();
	return [
		PERIODS.includes(state.period ?? '') ? state.period! : '24h',
		period => setState({ period }, true),
	];
}

export function PeriodPicker({ value, onChange }: { value: string; onChange(v: string): void }) {
	const { t } = useT();
	return (
		<SegmentedControl
			size="xs"
			aria-label={t.w.period}
			value={value}
			onChange={onChange}
			data={PERIODS.map(value => ({ value, label: word(t.w, `period_${value}`) }))}
			w="fit-content"
		/>
	);
}

type Props = {
	path: string;
	period: string;
	label: string;
	format(n: number): string;
	lines: (Line & { key: string })[];
	band?: [number, number];
	height?: number;
	least?: number;
};

export function HistoryChart({ path, period, lines, ...chart }: Props) {
	const { t } = useT();
	const read = useGet<Loose[] | { data: Loose[] }>(path, { period }, { every: 60_000 });
	const rows = Array.isArray(read.data) ? read.data : read.data?.data;
	const [x, ys] = useMemo(
		() => [
			rows?.map(r => Date.parse(String(r.recorded_at)) / 1000) ?? [],
			lines.map(
				l =>
					rows?.map(r => (r[l.key] === null || r[l.key] === undefined ? null : Number(r[l.key]))) ??
					[],
			),
		],
		[rows],
	);
	if (!rows)
		return read.error ? (
			<Text fz="sm" c="red">
				{errorText(t, read.error)}
			</Text>
		) : (
			<Skeleton h={chart.height ?? 200} />
		);
	return <Chart {...chart} x={x} ys={ys} lines={lines} />;
}
