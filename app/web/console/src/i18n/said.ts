/*
 * Sentences of the server in the person's language: the history, and why a router, a device or a mail host
 * failed.
 *
 * The server keeps them in English: a name, a sum, a date in one of its formats.  t.m and t.p hold the
 * words of each, with its arguments in the same order; a sentence in no such format (a reason that a
 * person typed, a router's own words) stays as it is.
 */
import { day } from '../kit/format';
import type { Messages } from './id';
import { wordOrText } from './index';

const kept = new Map<string, RegExp>();
function patternOf(format: string) {
	let made = kept.get(format);
	if (!made) {
		const escaped = format.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
		made = new RegExp(`^${escaped.replaceAll('%s', '(.+?)')}$`);
		kept.set(format, made);
	}
	return made;
}

/*
 * Write an argument: for %s a date, a sum or a name, for %w also a word of the server's, for %m also
 * why something failed.  A name may be such a word.
 */
function argument(t: Messages, mark: string, text: string) {
	if (/^\d{4}-\d\d-\d\d$/.test(text)) return day(text, t.lang);
	if (mark === '%m') return why(t, text);
	return mark === '%w' ? wordOrText(t.v, text) : text;
}

/* Sort by words of their own, most first: "the pause is over" tells of no account named "the pause". */
const ownLetters = (format: string) => format.replaceAll('%s', '').length;
const byOwnLetters = (words: Record<string, string>) =>
	Object.entries(words).sort(([a], [b]) => ownLetters(b) - ownLetters(a));

const sorted = new Map<Record<string, string>, [string, string][]>();
function sentence(t: Messages, formats: Record<string, string>, text: string): string {
	const all = sorted.get(formats) ?? byOwnLetters(formats);
	sorted.set(formats, all);
	for (const [format, words] of all) {
		const found = patternOf(format).exec(text);
		if (!found) continue;
		const rest = found.slice(1);
		return words.replace(/%[swm]/g, mark => argument(t, mark, rest.shift() ?? ''));
	}
	return text;
}

/* A sentence of the history. */
export const said = (t: Messages, text: string | null | undefined) =>
	text ? sentence(t, t.m, text) : '–';

/*
 * The reason of a failure, a line for each router.  It has formats of its own: those of the history would be
 * found in a peer's words, as "the order is paid" tells of no account named "the order".
 */
export const why = (t: Messages, text: string) =>
	text
		.split('\n')
		.map(line => sentence(t, t.p, line))
		.join('; ');
