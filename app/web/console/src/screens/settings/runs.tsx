/* Nightly runs: when, what they did, the steps that the guard stopped, undo. */
import { Stack } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useGet, useMay } from '../../api/query';
import type { Loose, Row } from '../../api/types';
import { useT } from '../../i18n';
import type { Messages } from '../../i18n/id';
import type { Act } from '../../kit/act';
import { NotYet } from '../../kit/empty';
import { day, moment, number, today } from '../../kit/format';
import { List } from '../../kit/list';
import { Facts, PageFrame, Section } from '../../kit/page';
import { Rows } from '../../kit/rows';
import { State } from '../../kit/state';
import { counted, countsOf, OUTCOMES, type Step, stepName, sumOf } from './counts';
import { History } from './history';
import { RunLines } from './run-lines';

const undo = (t: Messages, row: Row): Act => ({
	key: 'undoRun',
	role: 'admin',
	colour: 'red',
	method: 'POST',
	path: `/api/billing/runs/${row.id}/undo`,
	says: t.c.undoRun,
	mustType: String(row.date),
	toast: answer => t.w.restored(Number(answer.restored ?? 0)),
});

const guardedOf = (row: Row) => countsOf(row.counts).filter(step => step.guarded > 0);

/* Only of today: tomorrow's run judges the lines anew. Their number is typed first; a dry run shows who they are. */
const startGuarded = (t: Messages, row: Row): Act | false => {
	const guarded = guardedOf(row);
	if (guarded.length === 0 || row.date !== today()) return false;
	return {
		key: 'startGuarded',
		role: 'admin',
		colour: 'red',
		method: 'POST',
		path: '/api/billing/runs',
		fixed: { steps: guarded.map(step => step.step), force: true },
		says: t.c.startGuarded,
		preview: {
			members: [],
			draw: answer => <RunLines lines={answer.lines as Loose[]} title={t.w.rows} />,
		},
		mustType: String(sumOf(guarded, 'guarded')),
		toast: answer => t.w.takenOff(sumOf(countsOf(answer.steps), 'done')),
	};
};

export function Runs() {
	const { t } = useT();
	const may = useMay();
	if (!may('operator')) return null;
	return (
		<List<Row>
			path="/api/billing/runs"
			label={t.w.runs}
			empty={t.n.runs}
			local
			open={r => `/runs/${r.id}`}
			columns={[
				{ key: 'date', phone: 'title' },
				{ key: 'started_at', phone: 'plain' },
				{ key: 'counts', label: t.f.action, phone: 'plain', cell: r => counted(t, r.counts) },
				{
					key: 'undone_at',
					label: t.f.status,
					phone: 'side',
					cell: r => <RunState row={r} />,
				},
			]}
		/>
	);
}

function RunState({ row }: { row: Row }) {
	const { t } = useT();
	if (row.undone_at) return <State is="cancelled" label={t.v.undone} />;
	const steps = countsOf(row.counts);
	if (sumOf(steps, 'guarded') > 0) return <State is="failed" label={t.f.guarded} />;
	if (sumOf(steps, 'failed') > 0) return <State is="failed" />;
	if (row.finished_at) return <State is="ok" />;
	/* A run of some steps ends, too, but is no night's. */
	return row.duration_ms === null ? (
		<State is="failed" label={t.w.unfinished} />
	) : (
		<State is="partial_run" label={t.w.someSteps} />
	);
}

/* A run's report holds figures, and the lines to which it did nothing; its rows are those that it logged meanwhile. */
function logged(run: Row) {
	const ended = Date.parse(run.started_at) + Number(run.duration_ms ?? 0) + 1000;
	return {
		actor: run.actor,
		created_from: run.started_at,
		created_to: run.duration_ms === null ? undefined : new Date(ended).toISOString(),
	};
}

/* One run: its figures by step, its rows by name, and undo. */
export function RunScreen() {
	const { t, lang } = useT();
	const { id } = useParams({ strict: false }) as { id: string };
	const read = useGet<Row>(`/api/billing/runs/${id}`);
	const run = read.data;
	if (!run) return <NotYet error={read.error} retry={() => void read.refetch()} />;
	const steps = countsOf(run.counts).map(step => ({ ...step, id: step.step }));
	return (
		<PageFrame
			title={`${t.w.run} ${day(run.date, lang)}`}
			back={['/settings?tab=runs', t.w.runs]}
			beside={<RunState row={run} />}
			more={[startGuarded(t, run), !run.undone_at && undo(t, run)]}
		>
			<Facts
				of={[
					[t.f.date, day(run.date, lang)],
					[t.f.started_at, moment(run.started_at, lang)],
					[t.f.duration_ms, `${number(run.duration_ms ?? 0)} ms`],
					[t.f.actor, run.actor ?? '–'],
					[
						t.f.undone_at,
						run.undone_at ? `${moment(run.undone_at, lang)} · ${run.undone_by}` : '–',
					],
				]}
			/>
			<Stack gap="md">
				<Section title={t.w.report} flush>
					<Rows<Step & { id: string }>
						label={t.w.report}
						rows={steps}
						columns={[
							{ key: 'step', phone: 'title', cell: s => stepName(t, s.step) },
							...OUTCOMES.map(key => ({ key, kind: 'number' as const, phone: 'label' as const })),
						]}
						empty={run.counts ? t.w.runNone : t.w.unfinished}
					/>
				</Section>
				{run.report?.lines?.length > 0 && (
					<Section title={t.w.notDone} flush>
						<RunLines lines={run.report.lines} title={t.w.notDone} />
					</Section>
				)}
				<Section title={t.w.rows} bare>
					<History fixed={logged(run)} />
				</Section>
			</Stack>
		</PageFrame>
	);
}
