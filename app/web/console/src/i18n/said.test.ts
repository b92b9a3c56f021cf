import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from './en';
import { id } from './id';
import { said, why } from './said';

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

const LIB = join(__dirname, '../../../../../lib');
const sourceOf = (paths: string[]) =>
	paths
		.map(path => readFileSync(join(LIB, path), 'utf8'))
		.join('\n')
		.replace(/\/\*[\s\S]*?\*\//g, '')
		.replaceAll('" ACCOUNT_BLOCK_LIST "', 'isp-blocked');
const folder = (name: string) =>
	readdirSync(join(LIB, name))
		.filter(file => /\.[ch]$/.test(file))
		.map(file => `${name}/${file}`);
const ROUTERS =
	'net/routeros.c net/ros_conn.c net/ros_talk.c net/ros_codec.c net/snmp.c net/snmp_session.c monitor/poll.c';

/* The texts of these files that no screen shows, or that have a code. */
const ELSEWHERE =
	`router %s: unknown tls_verify|another worker has router %s|There is no reading %s.
No such account.|No such router.|There is no such router.|not logged in|before login
%s: malformed router command|; is the user disabled, or without the policy api?`.split(/[|\n]/);
const isSentence = (text: string) =>
	text.includes(' ') &&
	(text.match(/[a-z]{2,}/g)?.length ?? 0) > 1 &&
	!/\\|^-|->|like \d/.test(text);

/* The sentences in which a peer's failure is said, as they stand in the C sources. */
function failures() {
	const routers = sourceOf([...folder('router'), ...ROUTERS.split(' ')]);
	const others = sourceOf(['net/smtp.c', 'net/httpc.c', ...folder('message'), 'midtrans/client.c']);
	const found = [
		...routers.matchAll(/"((?:[^"\\\n]|\\.)*)"/g),
		...others.matchAll(/FAIL\(cx, RC_UPSTREAM,\s*"((?:[^"\\]|\\.)*)"/g),
		...others.matchAll(/\] = "([^"]*)",/g),
	].map(match => match[1]!.replace(/%(?:\.\*|\.\d+|z)?[suzd]/g, '%s'));
	return [...new Set(found)].filter(text => isSentence(text) && !ELSEWHERE.includes(text));
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
			expect(said(en, text), format).toBe(words.replace(/%[sw]/g, 'Xx'));
		}
	});

	it('stands in the language of the person', () => {
		const text = 'INV-20261012-0002 issued over Rp250.000, due 2026-10-18';
		expect(said(id, text)).toBe(
			'INV-20261012-0002 terbit sebesar Rp250.000, jatuh tempo 18 Okt 2026',
		);
		expect(said(en, text)).toBe('INV-20261012-0002 issued over Rp250.000, due 18 Oct 2026');
		expect(said(id, 'Rp50.000 by cash for INV-1')).toBe('Rp50.000 (Tunai) untuk INV-1');
		expect(said(id, 'budi.01 is suspended (debt)')).toBe('budi.01: Diputus (Tunggakan)');
		expect(said(id, 'Router 127.0.0.1')).toBe('Router 127.0.0.1');
	});

	/* An account named like a word of the server's was translated, and `a_b` lost its line. */
	it('leaves names as they are', () => {
		expect(said(id, 'test is suspended (request)')).toBe('test: Diputus (Permintaan)');
		expect(said(id, 'cash changed')).toBe('cash diubah');
		expect(said(id, 'Gift of constructor')).toBe('Hadiah constructor');
		expect(said(id, 'budi is suspended (to_string)')).toBe('budi: Diputus (to_string)');
	});

	it('has every argument of a format once, in each language', () => {
		const marks = (text: string) => text.match(/%[swm]/g)?.length ?? 0;
		for (const words of [id.m, en.m, id.p])
			for (const [format, text] of Object.entries(words))
				expect(marks(text), format).toBe(marks(format));
	});
});

describe('a failure of a router, a device, a mail host', () => {
	/* They stood in English on the Indonesian screens. */
	it('has words for each sentence', () => {
		expect(failures().length).toBeGreaterThan(90);
		const known = Object.keys(id.p).join('\n');
		expect(failures().filter(text => !known.includes(text))).toEqual([]);
	});

	it('stands in the language of the person, with the peer’s own words', () => {
		const text = 'router Main did not answer in time (/ppp/secret/print): it fell silent';
		expect(why(id, text)).toBe(
			'Router Main tidak menjawab tepat waktu (/ppp/secret/print): jawabannya berhenti di tengah',
		);
		expect(why(en, text)).toBe(text);
		expect(why(id, `Main: ${text}`)).toMatch(/^Main: Router Main tidak menjawab/);
		expect(why(id, 'router A refused (/ppp/secret/add): input does not match')).toBe(
			'Router A menolak (/ppp/secret/add): input does not match',
		);
		expect(why(id, 'Telegram: no answer in time.')).toBe(
			'Telegram: tidak ada jawaban tepat waktu.',
		);
	});

	it('of several routers is one text', () => {
		expect(why(id, 'budi exists on A and is not ours\nB is not active')).toBe(
			'budi sudah ada di A dan bukan buatan sistem ini; B tidak aktif',
		);
	});

	it('leaves other words as they are, also where the history has a format like them', () => {
		for (const text of ['A refund of this order is under way.', 'the order is paid: refund it'])
			expect(why(id, text)).toBe(text);
	});
});
