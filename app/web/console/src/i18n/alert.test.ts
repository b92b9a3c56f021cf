import { describe, expect, it } from 'vitest';
import { alertText } from './alert';
import { en } from './en';
import { id } from './id';

const down = {
	title: 'Menara mati',
	message: 'Menara (10.0.0.1) tidak menjawab sejak 02-03-2026 00:05. timed out.',
	texts: {
		id: { title: '{name} mati', message: '{name} tidak menjawab sejak {since}. {error}.' },
		en: { title: '{name} is down', message: '{name} has not answered since {since}. {error}.' },
	},
	fields: { name: 'Menara {error}', since: '2026-03-01T17:05:00+00:00', error: 'not logged in' },
};

/* Bug: an alert was read in the company's language, whatever that of the console. */
describe('an alert', () => {
	it('is said in the person’s language, its values too', () => {
		expect(alertText(en, 'en', down, 'title')).toBe('Menara {error} is down');
		expect(alertText(en, 'en', down, 'message')).toBe(
			'Menara {error} has not answered since 02 Mar 2026, 00:05. not logged in.',
		);
		expect(alertText(id, 'id', down, 'title')).toBe('Menara {error} mati');
	});

	it('from before the server gave its sentences shows its text', () => {
		const old = { title: down.title, message: down.message, texts: null, fields: null };
		expect(alertText(en, 'en', old, 'title')).toBe('Menara mati');
		expect(alertText(en, 'en', old, 'message')).toContain('tidak menjawab');
	});

	it('writes numbers, days and what failed as every screen does', () => {
		const said = (message: string, fields: object, lang: 'id' | 'en') =>
			alertText(
				lang === 'id' ? id : en,
				lang,
				{ texts: { id: { title: '', message }, en: { title: '', message } }, fields },
				'message',
			);
		expect(said('{n} {x}', { n: 12500, x: 12.5 }, 'id')).toBe('12.500 12,5');
		expect(said('{n} {x}', { n: 12500, x: 12.5 }, 'en')).toBe('12.500 12.5');
		expect(said('{date} {last}', { date: '2026-03-01', last: null }, 'id')).toBe('01 Mar 2026 –');
		const error = 'router Timur cannot be reached: timed out';
		expect(said('{error}', { error }, 'id')).toBe('Router Timur tidak dapat dihubungi: timed out');
		expect(said('down.{affected}', { affected: null }, 'en')).toBe('down.');
		expect(said('{name}', { name: '2026-99-99' }, 'en')).toBe('2026-99-99');
	});
});
