/* Money, dates, rates: written one way on every screen. */
import type { Lang } from '../i18n';

let zone = 'Asia/Jakarta';
/* The business's time zone, from /api/meta. */
export const setZone = (name: string) => {
	zone = name;
};

const locale = (lang: Lang) => (lang === 'id' ? 'id-ID' : 'en-GB');
const kept = new Map<string, Intl.DateTimeFormat>();
function formatter(lang: Lang, options: Intl.DateTimeFormatOptions) {
	const key = lang + zone + JSON.stringify(options);
	let made = kept.get(key);
	if (!made) {
		made = new Intl.DateTimeFormat(locale(lang), { timeZone: zone, ...options });
		kept.set(key, made);
	}
	return made;
}

export const rupiah = (n: number) => `${n < 0 ? '−' : ''}Rp${number(Math.abs(n))}`;
export const number = (n: number) => new Intl.NumberFormat('id-ID').format(n);

/* A figure with a fraction, of which the comma is the person's; whole ones are written as rupiah are. */
export const decimal = (n: number, lang: Lang, digits = 1) =>
	new Intl.NumberFormat(locale(lang), { maximumFractionDigits: digits }).format(n);

const isNone = (n: unknown) => n === null || n === undefined;
export const ms = (n: unknown, lang: Lang) => (isNone(n) ? '–' : `${decimal(Number(n), lang)} ms`);
export const percent = (n: unknown, lang: Lang) =>
	isNone(n) ? '–' : `${decimal(Number(n), lang)}%`;

/* 12.650.000 as 12,7 jt: for the axes of charts. */
export function shortRupiah(n: number, lang: Lang) {
	const [by, unit] =
		n >= 1e9
			? [1e9, lang === 'id' ? 'M' : 'bn']
			: n >= 1e6
				? [1e6, lang === 'id' ? 'jt' : 'm']
				: [1e3, lang === 'id' ? 'rb' : 'k'];
	if (n === 0) return '0';
	return `${decimal(n / by, lang)} ${unit}`;
}

/* A day without a clock is the same day in every zone. */
const instant = (text: string) => new Date(text.length === 10 ? `${text}T12:00:00Z` : text);

const DAY = { day: '2-digit', month: 'short', year: 'numeric' } as const;
const MOMENT = { ...DAY, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

/* A text that only looks like a date, as an account named 2026-99-99, stays as it is. */
function dated(text: string | null | undefined, lang: Lang, options: Intl.DateTimeFormatOptions) {
	if (!text) return '–';
	const at = instant(text);
	return Number.isNaN(at.getTime()) ? text : formatter(lang, options).format(at);
}
export const day = (text: string | null | undefined, lang: Lang) => dated(text, lang, DAY);
export const moment = (text: string | null | undefined, lang: Lang) => dated(text, lang, MOMENT);
export const clock = (text: string | number, lang: Lang, seconds = false) =>
	formatter(lang, {
		hour: '2-digit',
		minute: '2-digit',
		...(seconds ? { second: '2-digit' as const } : {}),
		hourCycle: 'h23',
	}).format(new Date(text));
export const monthName = (text: string, lang: Lang) =>
	formatter(lang, { month: 'short', year: '2-digit' }).format(instant(`${text.slice(0, 7)}-15`));

export function today(offset = 0) {
	const now = new Date(Date.now() + offset * 86_400_000);
	return new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(now);
}

/* 12345678 as 12,3 Mbit/s. */
export function bits(n: number | null | undefined, lang: Lang) {
	if (n === null || n === undefined) return '–';
	const unit = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'];
	let at = 0;
	let left = n;
	for (; left >= 1000 && at < 3; at++) left /= 1000;
	return `${decimal(left, lang, left < 100 ? 1 : 0)} ${unit[at]}`;
}

/* The texts of routers, "12.3 Mbps" or "830 kbit", as bits a second. */
export function readRate(text: unknown): number | null {
	const match = /^([\d.]+)\s*([kMG]?)/.exec(String(text ?? ''));
	if (!match) return null;
	return Number(match[1]) * { '': 1, k: 1e3, M: 1e6, G: 1e9 }[match[2] as '' | 'k' | 'M' | 'G'];
}

export function bytes(n: number | null | undefined, lang: Lang) {
	if (n === null || n === undefined) return '–';
	const unit = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let at = 0;
	let left = n;
	for (; left >= 1024 && at < 4; at++) left /= 1024;
	return `${decimal(left, lang)} ${unit[at]}`;
}

/* 2w6h57m33s, as routers tell how long something is up, in its two largest units. */
export function uptime(text: unknown, lang: Lang) {
	const parts = [...String(text ?? '').matchAll(/(\d+)([wdhms])/g)];
	const n = Object.fromEntries(parts.map(([, count, unit]) => [unit, Number(count)]));
	const units = lang === 'id' ? ['hari', 'jam', 'mnt', 'dtk'] : ['d', 'h', 'min', 's'];
	const counts = [(n.w ?? 0) * 7 + (n.d ?? 0), n.h ?? 0, n.m ?? 0, n.s ?? 0];
	const first = counts.findIndex(count => count > 0);
	if (first < 0) return '–';
	const said = counts.map((count, i) => (count > 0 ? `${count} ${units[i]}` : ''));
	return said
		.slice(first, first + 2)
		.filter(Boolean)
		.join(' ');
}

/* An Indonesian number as WhatsApp's links want it: 0812-3 becomes 62812 3. */
export function whatsapp(phone: string, text: string) {
	const digits = phone.replace(/\D/g, '').replace(/^0/, '62');
	return `https://wa.me/${digits}?text=${encodeURIComponent(text)}`;
}

/* Put values in the place of {name}, each once; a name without a value stays as it is. */
export const fillIn = (text: string, values: Record<string, string>) =>
	text.replace(/\{([a-z_]+)\}/g, (whole, name) => values[name] ?? whole);

/* Read typed money: whole rupiah, undefined when empty, text when it is no number. */
export function readMoney(text: string): number | string | undefined {
	const plain = text.replace(/^Rp\s?/i, '').replace(/[\s.]/g, '');
	if (plain === '') return undefined;
	return /^-?\d{1,12}$/.test(plain) ? Number(plain) : text;
}
