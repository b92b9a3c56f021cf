import { describe, expect, it } from 'vitest';
import { en } from '../../i18n/en';
import { id } from '../../i18n/id';
import { counted, countsOf, sumOf } from './counts';

const none = { done: 0, refused: 0, skipped: 0, held: 0, guarded: 0, failed: 0 };

describe('what a run did', () => {
	it('is shown by its steps', () => {
		const counts = { renew: { ...none, done: 3 }, late: none, suspend: { ...none, done: 2 } };
		expect(counted(id, counts)).toBe('Terbit tagihan 3 · Diputus 2');
		expect(sumOf(countsOf(counts), 'done')).toBe(5);
	});

	/* A run that the guard stopped, that failed, or that never ended read "nothing to do". */
	it('is not nothing where lines were left as they were', () => {
		expect(counted(id, { suspend: { ...none, guarded: 41 } })).toBe(
			'Diputus 0 (melebihi batas 41)',
		);
		expect(
			counted(en, { renew: { ...none, done: 1, failed: 2 }, suspend: { ...none, held: 3 } }),
		).toBe('Invoices issued 1 (failed 2) · Cut off 0 (held 3)');
		expect(counted(id, { renew: { ...none, refused: 1 } })).not.toBe(id.w.runNone);
		expect(counted(id, null)).toBe(id.w.unfinished);
	});

	it('is nothing where no line was met, or each needed nothing any more', () => {
		expect(counted(id, {})).toBe(id.w.runNone);
		expect(counted(en, { renew: none, suspend: { ...none, skipped: 2 } })).toBe(en.w.runNone);
		expect(countsOf({ renew: none })).toEqual([]);
	});
});
