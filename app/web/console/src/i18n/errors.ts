/*
 * Errors in the person's language.
 *
 * The server tells a code and the bound beside each English sentence; a code without a sentence
 * here shows the server's.
 */
import { ApiError, type Code } from '../api/client';
import { number } from '../kit/format';
import type { Messages } from './id';
import { word } from './index';
import { why } from './said';

type Say = string | ((bound: string) => string);

/* The bound that a code names, as it stands in the sentence. */
function boundOf(code: Code): string | undefined {
	const write = (n: unknown) => (typeof n === 'number' ? number(n) : String(n));
	if (code.min !== undefined && code.max !== undefined)
		return `${write(code.min)}–${write(code.max)}`;
	const bound = code.bound ?? code.max ?? code.min ?? code[code.code];
	return bound === undefined ? undefined : write(bound);
}

/* The words of a code; of a noun's own code those of all nouns: package_in_use, in_use. */
export function wordsOf(t: Messages, code: string): Say | undefined {
	const words = t.e as Record<string, Say>;
	if (words[code]) return words[code];
	if (code.endsWith('_in_use')) return t.e.in_use;
	if (code.endsWith('_not_found')) return t.e.s404;
}

function sentence(t: Messages, code: Code, said: string): string {
	const found = wordsOf(t, code.code);
	if (!found) return said;
	if (typeof found === 'string') return found;
	const bound = boundOf(code);
	return bound === undefined ? said : found(bound);
}

/* The sentence at each field. */
export function fieldErrors(t: Messages, error: unknown): Record<string, string> {
	if (!(error instanceof ApiError)) return {};
	const pairs = Object.entries(error.errors).map(([field, texts]) => [
		field,
		texts.map((text, i) => oneError(t, error.codes[field]?.[i], text)).join(' '),
	]);
	return Object.fromEntries(pairs);
}

/* The sentences of fields that are not on screen: the dialog lists them, as no field shows them. */
export function errorsElsewhere(errors: Record<string, string>, shown: { name: string }[]) {
	return Object.entries(errors).filter(([field]) => !shown.some(f => f.name === field));
}

/* A field's name on its screen: a setting's is its own. */
export const fieldName = (t: Messages, field: string) =>
	field in t.f ? word(t.f, field) : (t.s[field]?.[0] ?? word(t.f, field));

/* The plain `invalid` says less than the sentence itself. */
function oneError(t: Messages, code: Code | undefined, text: string) {
	const known = code && code.code !== 'invalid' ? code : (guess(text) ?? code);
	return known ? sentence(t, known, text) : text;
}

/* Codes of the sentences every resource shares, for answers that carry none. */
const KNOWN: [RegExp, string][] = [
	[/ is required\.$/, 'required'],
	[/ has already been taken\.$/, 'taken'],
	[/ may not be greater than ([\d.]+) characters\.$/, 'max_length'],
	[/ must be at least ([\d.]+) characters\.$/, 'min_length'],
	[/ must not be greater than the outstanding (\d+)\.$/, 'overpaid'],
	[/ must not be greater than (\d+)\.$/, 'max'],
	[/ must be at least (\d+)\.$/, 'min'],
	[/^The selected .* is invalid\.$/, 'unknown_reference'],
	[/credentials are (incorrect|wrong)/, 'credentials'],
];
function guess(text: string): Code | undefined {
	for (const [pattern, code] of KNOWN) {
		const match = pattern.exec(text);
		if (match) return { code, bound: match[1] === undefined ? undefined : Number(match[1]) };
	}
}

/* The one sentence for an error that has no field on screen. */
export function errorText(t: Messages, error: unknown): string {
	if (!(error instanceof ApiError)) return t.e.s500;
	if (error.status === 0) return t.e.network;
	if (error.status === 503 || error.status === 504) return t.e.busy;
	/* The plain `invalid` is that of all fields: t.e.s422 says more. */
	const own = error.code && error.code !== 'invalid' && wordsOf(t, error.code);
	if (typeof own === 'string') return own;
	const general = (t.e as Record<string, Say>)[`s${error.status}`];
	if (typeof general !== 'string') return error.message;
	if (error.status !== 409 && error.status !== 502) return general;
	/* A router's or a gateway's own words say what no list of codes can. */
	const words = why(t, error.message);
	return words === error.message ? `${general} (${words})` : words;
}

/* The sentence for one row of an answer to many. */
export const rowError = (t: Messages, code: string, said: string) => sentence(t, { code }, said);
