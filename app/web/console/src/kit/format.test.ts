import { describe, expect, it } from 'vitest';
import {
	bits,
	bytes,
	day,
	fillIn,
	monthName,
	ms,
	percent,
	readMoney,
	readRate,
	rupiah,
	shortRupiah,
	uptime,
	whatsapp,
} from './format';

describe('a date', () => {
	/* Bug: a customer of such a name made the history of it fail. */
	it('that is none stays as it is', () => {
		expect(day('2026-99-99', 'id')).toBe('2026-99-99');
		expect(day('2026-12-01', 'id')).toBe('01 Des 2026');
		expect(day(null, 'id')).toBe('–');
	});
});

describe('money', () => {
	it('parts thousands with dots in both languages', () => {
		expect(rupiah(12650000)).toBe('Rp12.650.000');
		expect(rupiah(-500)).toBe('−Rp500');
	});
	it('is read with and without dots, and left alone when it is no number', () => {
		expect(readMoney('Rp 150.000')).toBe(150000);
		expect(readMoney('150000')).toBe(150000);
		expect(readMoney('')).toBeUndefined();
		expect(readMoney('12,5')).toBe('12,5');
	});
	it('is short on an axis', () => {
		expect(shortRupiah(12650000, 'id')).toBe('12,7 jt');
		expect(shortRupiah(1200000000, 'en')).toBe('1.2 bn');
		expect(shortRupiah(0, 'id')).toBe('0');
	});
});

describe('dates', () => {
	it('is one day, whatever the zone of the browser', () => {
		expect(day('2026-11-28', 'id')).toBe('28 Nov 2026');
		expect(day(null, 'id')).toBe('–');
	});
	it('moves a time into the zone of the business', () => {
		expect(day('2026-11-28T20:00:00Z', 'en')).toBe('29 Nov 2026');
	});
	it('names a month', () => {
		expect(monthName('2026-05', 'id')).toBe('Mei 26');
	});
});

it('writes rates', () => {
	expect(bits(999, 'id')).toBe('999 bit/s');
	expect(bits(12_345_678, 'id')).toBe('12,3 Mbit/s');
	expect(bits(12_345_678, 'en')).toBe('12.3 Mbit/s');
	expect(bits(345_678_901, 'en')).toBe('346 Mbit/s');
	expect(bytes(1_572_864, 'id')).toBe('1,5 MiB');
	expect(ms(4.52, 'id')).toBe('4,5 ms');
	expect(ms(4.52, 'en')).toBe('4.5 ms');
	expect(percent(0, 'id')).toBe('0%');
	expect(percent(undefined, 'en')).toBe('–');
	expect(bits(null, 'id')).toBe('–');
});

it('reads the rates of routers', () => {
	expect(readRate('12.5 Mbps')).toBe(12_500_000);
	expect(readRate('0 bit')).toBe(0);
	expect(readRate(null)).toBeNull();
});

it('makes a WhatsApp link of a local number', () => {
	expect(whatsapp('0812-3456 789', 'a b')).toBe('https://wa.me/628123456789?text=a%20b');
});

it('fills a text in, each name once', () => {
	const values = { name: 'Budi {pay_url}', pay_url: 'https://isp/pay/1' };
	expect(fillIn('Halo {name}, {pay_url} {x}', values)).toBe(
		'Halo Budi {pay_url}, https://isp/pay/1 {x}',
	);
});

it('how long something is up, in its two largest units', () => {
	expect(uptime('2w6h57m33s', 'id')).toBe('14 hari 6 jam');
	expect(uptime('1m5s', 'en')).toBe('1 min 5 s');
	expect(uptime('3d', 'id')).toBe('3 hari');
	expect(uptime(undefined, 'id')).toBe('–');
});
