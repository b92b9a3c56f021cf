/*
 * Reports: each an address under /api/reports with from and to, a chart, a table, CSV.  The columns
 * are the members of the answer's rows, in their order.
 */
import { Button, Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs';
import { useMemo } from 'react';
import { download, type Query } from '../../api/client';
import { useGet } from '../../api/query';
import type { Loose } from '../../api/types';
import { type Lang, useT, word, wordOrText } from '../../i18n';
import type { Messages } from '../../i18n/id';
import { Chart, type Line } from '../../kit/chart';
import { day, monthName, number, shortRupiah, today } from '../../kit/format';
import { PageFrame, Section, TabFrame } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { useUrl } from '../../kit/state-url';
import { useToast } from '../../kit/toast';
import { kindOf } from '../../kit/value';

type Report = {
	name: string;
	title(t: Messages): string;
	by?: string[];
	/* Members that the chart draws; their unit. */
	lines: [key: string, colour: string][];
	money?: boolean;
	/* Only at one day: no from. */
	atDay?: boolean;
	/* Members that the chart draws as one bar each, summed over all rows. */
	parts?: string[];
	/* Rows of which the sums mean something. */
	isSummed?: boolean;
};

const REPORTS: Report[] = [
	{
		name: 'revenue',
		title: t => t.w.revenue,
		by: ['day', 'month', 'method', 'actor'],
		lines: [['revenue', '#228be6']],
		money: true,
		isSummed: true,
	},
	{
		name: 'receivables',
		title: t => t.w.receivables,
		lines: [['total', '#f08c00']],
		parts: ['not_due', 'days_0_30', 'days_31_60', 'days_61_90', 'days_over_90'],
		money: true,
		atDay: true,
		isSummed: true,
	},
	{
		name: 'subscribers',
		title: t => t.w.growth,
		lines: [
			['began', '#2f9e44'],
			['ended', '#e03131'],
		],
		isSummed: true,
	},
	{ name: 'payments', title: t => t.nav.payments, lines: [], money: true },
	{ name: 'tax', title: t => t.f.tax, lines: [], money: true, isSummed: true },
];

export function Reports() {
	const { t } = useT();
	return (
		<PageFrame title={t.nav.reports}>
			<TabFrame
				tabs={REPORTS.map(r => ({
					key: r.name,
					label: r.title(t),
					body: <ReportView report={r} />,
				}))}
			/>
		</PageFrame>
	);
}

function useReport(report: Report) {
	const [state, setState] = useUrl();
	const by = report.by?.includes(state.by ?? '') ? state.by : report.by?.[0];
	const from =
		state.from ?? (by === 'month' ? `${today(-335).slice(0, 8)}01` : `${today().slice(0, 8)}01`);
	const to = state.to ?? today();
	const query: Query = { from: report.atDay ? today(-365) : from, to, by };
	return { by, from, to, query, setState };
}

function ReportView({ report }: { report: Report }) {
	const { t, lang } = useT();
	const toast = useToast();
	const { by, from, to, query, setState } = useReport(report);
	const path = `/api/reports/${report.name}`;
	const read = useGet<{ rows: Loose[] }>(path, query);
	const rows = useMemo(
		(): Loose[] | undefined => read.data?.rows.map((r, i) => ({ ...r, id: String(r.id ?? i) })),
		[read.data],
	);
	const keys = Object.keys(rows?.[0] ?? {}).filter(k => k !== 'id' && !k.endsWith('_id'));
	const kindAt = (key: string) => guess(key, rows?.[0]?.[key], report.money);
	const summed = keys.filter(k => k !== 'price' && ['money', 'number'].includes(kindAt(k)));
	const sums = Object.fromEntries(
		summed.map(k => [k, (rows ?? []).reduce((sum, r) => sum + Number(r[k] ?? 0), 0)]),
	);
	const field = {
		size: 'xs',
		styles: { label: { fontSize: 11, lineHeight: 1.2, fontWeight: 400 } },
	} as const;
	return (
		<Stack gap="md">
			<Group gap="xs" align="end">
				{report.by && (
					<NativeSelect
						{...field}
						label={t.w.view}
						value={by}
						onChange={e => setState({ by: e.currentTarget.value })}
						data={report.by.map(v => ({ value: v, label: word(t.v, v) }))}
					/>
				)}
				{!report.atDay && (
					<TextInput
						{...field}
						type="date"
						label={t.f.start_date}
						value={from}
						onChange={e => setState({ from: e.currentTarget.value }, true)}
					/>
				)}
				<TextInput
					{...field}
					type="date"
					label={report.atDay ? t.f.date : t.f.until}
					value={to}
					onChange={e => setState({ to: e.currentTarget.value }, true)}
				/>
				<Button
					size="xs"
					variant="default"
					ml="auto"
					leftSection={<IconDownload size={14} />}
					onClick={() =>
						void download(path, { ...query, format: 'csv' }, `${report.name}.csv`).catch(
							toast.error,
						)
					}
				>
					{t.a.csv}
				</Button>
			</Group>
			{rows && rows.length > 0 && (
				<ReportChart
					report={report}
					rows={
						report.parts?.map(
							part => ({ part: word(t.f, part), total: sums[part] }) as unknown as Loose,
						) ?? rows
					}
					first={report.parts ? 'part' : keys[0]}
					firstTitle={report.parts ? t.f.bucket : by ? word(t.v, by) : word(t.f, keys[0] ?? '')}
					lang={lang}
				/>
			)}
			<Section title={report.title(t)} flush>
				<Rows<Loose>
					label={report.title(t)}
					rows={rows}
					error={read.error}
					retry={() => void read.refetch()}
					empty={t.w.noData}
					totals={report.isSummed && rows && rows.length > 1 ? (sums as Loose) : undefined}
					columns={keys.map((key, i) => ({
						key,
						label: i === 0 && by ? word(t.v, by) : undefined,
						phone: i === 0 ? ('title' as const) : ('label' as const),
						cell: i === 0 ? r => nameOf(r[key], lang, t) : undefined,
						kind: i === 0 ? ('text' as const) : kindAt(key),
					}))}
				/>
			</Section>
		</Stack>
	);
}

/* A number in a report about money is money, unless it counts. */
function guess(key: string, value: unknown, isMoney?: boolean) {
	const kind = kindOf(key);
	if (kind !== 'text' || typeof value !== 'number') return kind;
	return isMoney && !/count|invoices|payments|bills|n$/.test(key) ? 'money' : 'number';
}

function nameOf(value: unknown, lang: Lang, t: Messages) {
	const text = String(value ?? '–');
	if (/^\d{4}-\d\d$/.test(text)) return monthName(text, lang);
	if (/^\d{4}-\d\d-\d\d$/.test(text)) return day(text, lang);
	return wordOrText(t.v, text);
}

const MOST_BARS = 62;

/* Under a bar there is no room for a year, nor for a long name. */
function shortName(name: string, value: unknown, bars: number) {
	if (/^\d{4}-\d\d-\d\d$/.test(String(value))) return name.slice(0, 6);
	const most = bars <= 6 ? 20 : 12;
	return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}

function ReportChart({
	report,
	rows,
	first,
	firstTitle,
	lang,
}: {
	report: Report;
	rows: Loose[];
	first?: string;
	firstTitle: string;
	lang: Lang;
}) {
	const { t } = useT();
	const lines: Line[] = report.lines.map(([key, colour]) => ({ label: word(t.f, key), colour }));
	const x = useMemo(() => rows.map((_, i) => i), [rows]);
	const ys = useMemo(() => report.lines.map(([key]) => rows.map(r => Number(r[key] ?? 0))), [rows]);
	if (!first || lines.length === 0 || rows.length > MOST_BARS) return null;
	return (
		<Section title={report.title(t)}>
			<Chart
				label={report.title(t)}
				x={x}
				ys={ys}
				names={rows.map(r => shortName(nameOf(r[first], lang, t), r[first], rows.length))}
				namesTitle={firstTitle}
				lines={lines}
				format={n => (report.money ? shortRupiah(n, lang) : number(n))}
			/>
		</Section>
	);
}
