import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from './en';
import { said } from './history';
import { id } from './id';

/* The formats in which the server writes its log, as they stand in sql/. */
function formats() {
	const folder = join(__dirname, '../../../../../sql/functions');
	const texts = readdirSync(folder).map(name => readFileSync(join(folder, name), 'utf8'));
	const found = texts.flatMap(text => [
		...text.matchAll(/billing_log\('\w+',\s*format\('([^']+)'/g),
		...text.matchAll(/SELECT '\w+', format\('([^']+)'/g),
	]);
	return [...new Set(found.map(match => match[1]!))];
}

/* The reasons that the server gives for what it did, as they stand in sql/. */
function reasons() {
	const folder = join(__dirname, '../../../../../sql/functions');
	const texts = readdirSync(folder).map(name => readFileSync(join(folder, name), 'utf8'));
	const calls = texts.flatMap(text => [
		...text.matchAll(
			/(?:subscriptions?_switch_o(?:n|ff)|subscription_reconsider|service_days_add)\(([^;]+);/g,
		),
	]);
	const found = calls.flatMap(call => [...call[1]!.matchAll(/'([a-z]+ [^']+)'/g)]);
	return [...new Set(found.map(match => match[1]!))];
}

describe('the history', () => {
	it('has words for each sentence that the server logs', () => {
		const all = formats();
		expect(all.length).toBeGreaterThan(20);
		const unknown = all.filter(
			f => !(f in id.m) && !Object.keys(id.m).some(m => m.startsWith(f.replace(/%s$/, ''))),
		);
		expect(unknown).toEqual([]);
	});

	/* "an invoice is overdue beyond grace" was read as an account named "an invoice". */
	it('has words for each reason, and each format is read by itself', () => {
		expect(reasons().length).toBeGreaterThan(8);
		expect(reasons().filter(reason => !(reason in id.m))).toEqual([]);
		for (const [format, words] of Object.entries(en.m)) {
			const text = format.replaceAll('%s', 'Xx');
			expect(said(en, 'en', text), format).toBe(words.replace(/%[sw]/g, 'Xx'));
		}
	});

	it('stands in the language of the person', () => {
		const text = 'INV-20261012-0002 issued over Rp250.000, due 2026-10-18';
		expect(said(id, 'id', text)).toBe(
			'INV-20261012-0002 terbit sebesar Rp250.000, jatuh tempo 18 Okt 2026',
		);
		expect(said(en, 'en', text)).toBe('INV-20261012-0002 issued over Rp250.000, due 18 Oct 2026');
		expect(said(id, 'id', 'Rp50.000 by cash for INV-1')).toBe('Rp50.000 (Tunai) untuk INV-1');
		expect(said(id, 'id', 'budi.01 is suspended (debt)')).toBe('budi.01: Diputus (Tunggakan)');
		expect(said(id, 'id', 'Router 127.0.0.1')).toBe('Router 127.0.0.1');
	});

	/* An account named like a word of the server's was translated, and `a_b` lost its line. */
	it('leaves names as they are', () => {
		expect(said(id, 'id', 'test is suspended (request)')).toBe('test: Diputus (Permintaan)');
		expect(said(id, 'id', 'cash changed')).toBe('cash diubah');
		expect(said(id, 'id', 'Gift of constructor')).toBe('Hadiah constructor');
		expect(said(id, 'id', 'budi is suspended (to_string)')).toBe('budi: Diputus (to_string)');
	});

	it('has every argument of a format once, in each language', () => {
		const marks = (text: string) => text.match(/%[sw]/g)?.length ?? 0;
		for (const words of [id.m, en.m])
			for (const [format, text] of Object.entries(words))
				expect(marks(text), format).toBe(marks(format));
	});
});
