/*
 * The title and the message of an alert, in the person's language.
 *
 * Messages leave in the company's language; beside that text the server gives the sentence in each, with
 * {name} for a value.  An alert from before it did shows its text.
 */
import type { components } from '../api/schema';
import { day, decimal, fillIn, moment, number } from '../kit/format';
import type { Messages } from './id';
import type { Lang } from './index';
import { why } from './said';

type Part = 'title' | 'message';
type Alert = Partial<Pick<components['schemas']['alert'], 'texts' | 'fields' | Part>>;

/* A moment, a day, a failed peer's reason by its name; a number as it is written on every screen. */
function written(t: Messages, lang: Lang, name: string, of: unknown) {
	if (of === null || of === undefined) return name === 'last' ? '–' : '';
	if (typeof of === 'number') return Number.isInteger(of) ? number(of) : decimal(of, lang);
	if (name === 'since') return moment(String(of), lang);
	if (name === 'date' || name === 'last') return day(String(of), lang);
	return name === 'error' || name === 'difference' ? why(t, String(of)) : String(of);
}

export function alertText(t: Messages, lang: Lang, alert: Alert, part: Part): string {
	const sentence = alert.texts?.[lang]?.[part];
	if (!sentence) return alert[part] ?? '';
	const values = Object.entries((alert.fields ?? {}) as Record<string, unknown>);
	return fillIn(sentence, Object.fromEntries(values.map(([k, v]) => [k, written(t, lang, k, v)])));
}
