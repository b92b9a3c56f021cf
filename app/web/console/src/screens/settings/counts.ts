/* Counts of the steps of a run, as the server writes them: {suspend: {done: 2, guarded: 0, …}, …}. */
import { word } from '../../i18n';
import type { Messages } from '../../i18n/id';

export const OUTCOMES = ['done', 'refused', 'skipped', 'held', 'guarded', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type Step = { step: string } & Record<Outcome, number>;

/* The steps that met a line; a run that did not end has none. */
export function countsOf(counts: unknown): Step[] {
	const steps = Object.entries((counts ?? {}) as Record<string, Partial<Step>>);
	return steps
		.map(([step, n]) => {
			const of = Object.fromEntries(OUTCOMES.map(name => [name, Number(n[name] ?? 0)]));
			return { step, ...of } as Step;
		})
		.filter(step => OUTCOMES.some(name => step[name] > 0));
}

export const sumOf = (steps: Step[], outcome: Outcome) =>
	steps.reduce((sum, step) => sum + step[outcome], 0);

export const stepName = (t: Messages, step: string) => word(t.w, `step_${step}`);

/* Lines that were skipped needed nothing any more; whatever else was not done is said. */
const SAID = ['guarded', 'failed', 'held', 'refused'] as const;

/* "Terbit tagihan 3 · Diputus 0 (melebihi batas 41)". */
export function counted(t: Messages, counts: unknown): string {
	if (counts === null || counts === undefined) return t.w.unfinished;
	const said = countsOf(counts).flatMap(step => {
		const others = SAID.filter(name => step[name] > 0).map(
			name => `${word(t.f, name).toLowerCase()} ${step[name]}`,
		);
		if (step.done === 0 && others.length === 0) return [];
		const tail = others.length > 0 ? ` (${others.join(', ')})` : '';
		return [`${stepName(t, step.step)} ${step.done}${tail}`];
	});
	return said.join(' · ') || t.w.runNone;
}
