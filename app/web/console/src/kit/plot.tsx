/*
 * Charts by uPlot: bars by name, lines in time, bands between lowest and highest.
 *
 * A picture says nothing to who cannot see: the same figures stand in a hidden table, shortened to
 * some 50 rows.  The y axis begins at zero.
 */
import { Text, useComputedColorScheme, VisuallyHidden } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useT } from '../i18n';
import { barNames } from './bar-names';
import classes from './chart.module.css';
import { clock, day } from './format';

export type Line = {
	label: string;
	colour: string;
	fill?: boolean;
	dash?: boolean;
	/* Named by its partner of a band. */
	isUnnamed?: boolean;
};
export type ChartProps = {
	label: string;
	/* Seconds since 1970 for time, 0..n-1 for bars. */
	x: number[];
	ys: (number | null)[][];
	lines: Line[];
	names?: string[];
	/* Title of the names in the hidden table; without it they are months. */
	namesTitle?: string;
	format(n: number): string;
	height?: number;
	/* The axis reaches at least so far. */
	least?: number;
	/* Pairs of lines (by index) between which the ground is tinted. */
	band?: [upper: number, lower: number];
};

const INK = {
	light: { text: '#5c636b', grid: '#e9ecef' },
	dark: { text: '#a6adb4', grid: '#41464c' },
};
/* Bars of two figures stand side by side: one before the other would hide the smaller. */
const barOf = (figure: number, figures: number) =>
	uPlot.paths.bars!(
		figures === 1
			? { size: [0.62, 44], radius: 0.12 }
			: { size: [0.36, 30], radius: 0.12, gap: 1, align: figure === 0 ? -1 : 1 },
	);

export function Chart(props: ChartProps) {
	const { t, lang } = useT();
	const box = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot>(null);
	const scheme = useComputedColorScheme('light');
	const { x, ys, lines, names, format, height = 200 } = props;
	const isEmpty = x.length === 0 || ys.every(y => y.every(v => v === null));
	const shape = [scheme, lang, names?.join(), lines.map(l => l.label).join(), height, isEmpty].join(
		'|',
	);
	useEffect(() => {
		const element = box.current;
		if (!element || isEmpty) return;
		const made = new uPlot(
			options(props, element.clientWidth, INK[scheme], lang),
			[x, ...ys],
			element,
		);
		plot.current = made;
		const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
		watch.observe(element);
		return () => {
			watch.disconnect();
			made.destroy();
			plot.current = null;
		};
	}, [shape]);
	useEffect(() => {
		plot.current?.setData([x, ...ys]);
	}, [x, ys]);
	if (isEmpty)
		return (
			<Text fz="sm" c="dimmed" ta="center" py="xl">
				{t.w.noData}
			</Text>
		);
	const step = Math.ceil(x.length / 50);
	const nameOf = (i: number) =>
		names?.[i] ?? `${day(new Date(x[i]! * 1000).toISOString(), lang)} ${clock(x[i]! * 1000, lang)}`;
	return (
		<figure className={classes.figure}>
			<div ref={box} className={classes.chart} aria-hidden />
			{lines.length > 1 && (
				<div className={classes.legend} aria-hidden>
					{lines
						.filter(l => !l.isUnnamed)
						.map(l => (
							<span key={l.label}>
								<svg width="10" height="10" aria-hidden="true">
									<rect width="10" height="10" rx="2" fill={l.colour} />
								</svg>{' '}
								{l.label}
							</span>
						))}
				</div>
			)}
			<VisuallyHidden>
				<table>
					<caption>{props.label}</caption>
					<thead>
						<tr>
							<th scope="col">{names ? (props.namesTitle ?? t.f.month) : t.f.date}</th>
							{lines.map(l => (
								<th scope="col" key={l.label}>
									{l.label}
								</th>
							))}
						</tr>
					</thead>
					<tbody>
						{x.map((at, i) =>
							i % step === 0 ? (
								<tr key={at}>
									<th scope="row">{nameOf(i)}</th>
									{ys.map((y, k) => (
										<td key={lines[k]?.label}>
											{y[i] === null || y[i] === undefined ? '–' : format(y[i])}
										</td>
									))}
								</tr>
							) : null,
						)}
					</tbody>
				</table>
			</VisuallyHidden>
		</figure>
	);
}

/* Pixels beside the bars, for the figures of the y axis. */
const AXIS = 68;

/* From the first moment to the last, a minute at least: uPlot draws a single one as three years. */
function spanOf(plot: uPlot): [number, number] {
	const at = plot.data[0];
	const last = at.at(-1) ?? 0;
	return [Math.min(at[0] ?? 0, last - 60), last];
}

/* Steps of an axis of customers or rupiah, of which there is no half. */
const WHOLE = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10].flatMap(n => [n, 2 * n, 5 * n]);

function options(
	props: ChartProps,
	width: number,
	ink: { text: string; grid: string },
	lang: 'id' | 'en',
): uPlot.Options {
	const { names, lines, format, height = 200, band, least = 1 } = props;
	const axis = {
		stroke: ink.text,
		grid: { stroke: ink.grid, width: 1 },
		ticks: { show: false },
		font: '11px system-ui',
	};
	const under = barNames(names ?? [], width - AXIS);
	const rows = Math.max(1, ...under.map(n => n.split('\n').length));
	return {
		width,
		height,
		legend: { show: false },
		cursor: { drag: { setScale: false }, points: { size: 6 } },
		/* Half of a time with its seconds reaches beyond the last moment. */
		padding: [8, names ? 20 : 28, 0, 0],
		scales: {
			x: names ? { time: false, range: [-0.6, names.length - 0.4] } : { time: true, range: spanOf },
			y: { range: (_u, _min, max) => [0, Math.max(max * 1.08, least)] },
		},
		axes: [
			names
				? {
						...axis,
						size: 14 + 16 * rows,
						grid: { show: false },
						splits: () => names.map((_, i) => i),
						values: (_u, at) => at.map(i => under[i] ?? ''),
					}
				: {
						...axis,
						size: 30,
						grid: { show: false },
						space: 70,
						values: (_u, at, _i, _space, step) =>
							at.map(s =>
								step >= 86_400
									? day(new Date(s * 1000).toISOString(), lang).slice(0, 6)
									: clock(s * 1000, lang, step < 60),
							),
					},
			{ ...axis, size: AXIS, incrs: names ? WHOLE : undefined, values: (_u, at) => at.map(format) },
		],
		series: [
			{},
			...lines.map((l, i) => ({
				label: l.label,
				stroke: l.colour,
				fill: names ? l.colour : l.fill ? `${l.colour}22` : undefined,
				width: names ? 0 : 1.6,
				dash: l.dash ? [4, 4] : undefined,
				spanGaps: false,
				points: { show: false },
				paths: names ? barOf(i, lines.length) : undefined,
			})),
		],
		bands: band
			? [{ series: [band[0] + 1, band[1] + 1], fill: `${lines[band[0]]?.colour}33` }]
			: undefined,
	};
}
