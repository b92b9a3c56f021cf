import { describe, expect, it } from 'vitest';
import { barNames } from './bar-names';

const AGES = ['Belum jatuh tempo', '0–30 hari', '31–60 hari', '61–90 hari', 'Di atas 90 hari'];

describe('names under bars', () => {
	it('stand in one line where all have room', () => {
		expect(barNames(AGES, 1000)).toEqual(AGES);
	});
	it('take several lines on a phone, and none is left out', () => {
		expect(barNames(AGES, 230)).toEqual([
			'Belum\njatuh\ntempo',
			'0–30\nhari',
			'31–60\nhari',
			'61–90\nhari',
			'Di atas\n90 hari',
		]);
	});
	it('are cut where one word is longer than its bar has room', () => {
		expect(barNames(['10 Mbps', 'Dedicated 30 Mbps', 'a', 'b', 'c', 'd'], 230)[1]).toBe(
			'Ded…\n30\nMbps',
		);
	});
	/* Bug: "Feb 26Mar 26" on Beranda. */
	it('of twelve months stand apart on a desk', () => {
		const names = 'Des Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov'.split(' ');
		const months = names.map(name => `${name} 26`);
		expect(barNames(months, 490)).toEqual(names.map(name => `${name}\n26`));
		expect(barNames(months, 900)).toEqual(months);
	});
	it('of a month of days are left out where they would touch', () => {
		const days = Array.from({ length: 30 }, (_, i) => `${i + 1} Nov`);
		const shown = barNames(days, 300).filter(Boolean);
		expect(shown[0]).toBe('1 Nov');
		expect(shown.length).toBeGreaterThan(3);
		expect(shown.length).toBeLessThan(8);
		expect(shown.join()).not.toContain('\n');
	});
	it('of no bars are none', () => {
		expect(barNames([], 300)).toEqual([]);
	});
});
