/* The nights' runs: when, what they did, undo. */

import { useMay } from '../../api/query';
import type { Loose } from '../../api/types';
import { useT, word } from '../../i18n';
import { List } from '../../kit/list';
import { MoreMenu } from '../../kit/page';

/* {renew: {done: 3}, suspend: 2} as "Terbit tagihan 3 · Diputus 2". */
export function useCounts() {
	const { t } = useT();
	return (counts: unknown) =>
		Object.entries((counts ?? {}) as Record<string, unknown>)
			.map(
				([step, n]) =>
					[step, typeof n === 'number' ? n : Number((n as Loose | null)?.done ?? 0)] as const,
			)
			.filter(([, n]) => n > 0)
			.map(([step, n]) => `${word(t.w, `step_${step}`).replace(/^step /, '')} ${n}`)
			.join(' · ') || '–';
}

export function Runs() {
	const { t } = useT();
	const may = useMay();
	const say = useCounts();
	if (!may('operator')) return null;
	return (
		<List<Loose>
			path="/api/billing/runs"
			label={t.w.lastRun}
			local
			columns={[
				{ key: 'date', phone: 'title' },
				{ key: 'started_at', phone: 'plain' },
				{ key: 'counts', label: t.f.action, phone: 'plain', cell: r => say(r.counts ?? r.steps) },
				{ key: 'undone_at', label: t.v.cancelled },
			]}
			rowAct={r =>
				r.undone_at ? null : (
					<MoreMenu
						compact
						acts={[
							{
								key: 'undoRun',
								role: 'admin',
								colour: 'red',
								method: 'POST',
								path: `/api/billing/runs/${r.id}/undo`,
								says: t.c.undoRun,
								typed: String(r.date),
							},
						]}
					/>
				)
			}
		/>
	);
}
