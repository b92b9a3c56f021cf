/*
 * Sentences of the history in the person's language.
 *
 * The server keeps them in English: a name, a sum, a date in one of its formats.  t.m holds the words
 * of each, with its arguments in the same order; a sentence in no format of t.m (a reason that a person typed) stays as it is.
 */
import { day } from '../kit/format';
import type { Messages } from './id';
import { type Lang, word } from './index';

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
 * Write an argument: for %s a date, a sum or a name, for %w also a word of the server's.  A name may be
 * such a word.
 */
function argument(t: Messages, lang: Lang, mark: string, text: string) {
	if (/^\d{4}-\d\d-\d\d$/.test(text)) return day(text, lang);
	return mark === '%w' && Object.hasOwn(t.v, text) ? word(t.v, text) : text;
}

/* Sort by words of their own, most first: "the pause is over" tells of no account named "the pause". */
const ownLetters = (format: string) => format.replaceAll('%s', '').length;
const sorted = new Map<Messages, [string, string][]>();
function formatsOf(t: Messages) {
	let made = sorted.get(t);
	if (!made) {
		made = Object.entries(t.m).sort(([a], [b]) => ownLetters(b) - ownLetters(a));
		sorted.set(t, made);
	}
	return made;
}

export function said(t: Messages, lang: Lang, text: string | null | undefined) {
	if (!text) return '–';
	for (const [format, words] of formatsOf(t)) {
		const found = patternOf(format).exec(text);
		if (!found) continue;
		const rest = found.slice(1);
		return words.replace(/%[sw]/g, mark => argument(t, lang, mark, rest.shift() ?? ''));
	}
	return text;
}
