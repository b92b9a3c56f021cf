/*
 * Every code that the server may send has words in both languages: those of rules in SQL
 * (test/cli/codes.golden, which its own test keeps true), and those of the C sources.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/client';
import { en } from './en';
import { errorsElsewhere, errorText, fieldErrors, wordsOf } from './errors';
import { id } from './id';

const TOP = '../..';

/* `invoice_+i.status` stands for one code by each status, whatever the name of the row. */
const STATUSES: Record<string, string[]> = {
	invoice: ['unpaid', 'paid', 'overdue', 'cancelled'].map(s => `invoice_${s}`),
	payment: ['received', 'reversed', 'refunded'].map(s => `payment_${s}`),
};
const statusesOf = (code: string) => STATUSES[/^(\w+)_\+\w+\.status$/.exec(code)?.[1] ?? ''];

const golden = readFileSync(`${TOP}/test/cli/codes.golden`, 'utf8')
	.trim()
	.split('\n')
	.map(line => line.split(' ')[1]!)
	.flatMap(code => statusesOf(code) ?? [code]);

/* Faults of a sheet's rows: their codes stand before their sentences. */
const ofImport = [
	...readFileSync(`${TOP}/sql/functions/import.sql`, 'utf8').matchAll(
		/'([a-z_]+)',\s*'[A-Z][^']+'\)/g,
	),
].map(m => m[1]!);

const files = (dir: string): string[] =>
	readdirSync(dir).flatMap(name => {
		const path = join(dir, name);
		return statSync(path).isDirectory() ? files(path) : path.endsWith('.c') ? [path] : [];
	});
const IN_C = [
	/err_field_code\(\w[\w->]*, "(\w+)"/g,
	/err_code\([^,]+, "(\w+)"/g,
	/field_error\([^,]+, [^,]+, "(\w+)"/g,
	/"must be [^"]+", "(\w+)" \}/g,
];
const inC = files(`${TOP}/lib`)
	.map(path => readFileSync(path, 'utf8'))
	.flatMap(text => IN_C.flatMap(form => [...text.matchAll(form)].map(m => m[1]!)));

describe.each([
	['Indonesian', id],
	['English', en],
])('%s', (_, t) => {
	it('has words for every code', () => {
		expect(golden.length).toBeGreaterThan(80);
		expect(new Set(inC).size).toBeGreaterThan(15);
		expect(ofImport.length).toBeGreaterThan(15);
		const bare = [...new Set([...golden, ...inC, ...ofImport])].filter(code => !wordsOf(t, code));
		expect(bare).toEqual([]);
	});
});

describe('an error', () => {
	it('is said with its bound, in the form of the language', () => {
		const error = new ApiError(
			422,
			'x',
			'invalid',
			{ amount: ['The amount must …'] },
			{
				amount: [{ code: 'max', max: 125000 }],
			},
		);
		expect(fieldErrors(id, error)).toEqual({ amount: 'Paling banyak 125.000.' });
	});
	it('without its bound is the server’s sentence', () => {
		const error = new ApiError(
			422,
			'x',
			'invalid',
			{ days: ['Too many.'] },
			{
				days: [{ code: 'max' }],
			},
		);
		expect(fieldErrors(id, error)).toEqual({ days: 'Too many.' });
	});
	it('of a whole request is said by its code, else by its status', () => {
		expect(errorText(en, new ApiError(409, 'x', 'run_undone'))).toBe('The run is undone already.');
		expect(errorText(en, new ApiError(409, 'x', 'package_in_use'))).toMatch(/still in use/);
		expect(errorText(en, new ApiError(409, 'No words.', 'no_words'))).toBe(
			'This cannot be done now. (No words.)',
		);
		expect(errorText(id, new ApiError(0, 'x'))).toBe('Server tidak menjawab. Coba lagi.');
	});
});

/*
 * Bug: with one error at a field on screen, the dialog listed none of the others: the person
 * corrected that field, sent the form again, and was refused without a reason.
 */
it('lists the errors of fields that are not on screen, also beside one that is', () => {
	const errors = { amount: 'is required', router_id: 'is unknown' };
	expect(errorsElsewhere(errors, [{ name: 'amount' }])).toEqual([['router_id', 'is unknown']]);
	expect(errorsElsewhere(errors, [])).toHaveLength(2);
});
