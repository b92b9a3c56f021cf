/* Steps of every story: log in, watch for what must never happen, ask the API for its rows. */
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';

const ADMIN = { email: 'admin@ispbilling.com', password: 'admin123' };
export const url = () => process.env.STACK_URL!;

type Row = { id: string; [member: string]: unknown };

export async function api<T = Row>(method: string, path: string, token?: string, data?: unknown): Promise<T> {
	const answer = await fetch(url() + path, {
		method,
		headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
		body: data === undefined ? undefined : JSON.stringify(data),
	});
	if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
	return (answer.status === 204 ? null : await answer.json()) as T;
}

let kept: string | undefined;
export async function adminToken() {
	kept ??= (await api<{ token: string }>('POST', '/api/login', undefined, ADMIN)).token;
	return kept;
}

/* A customer with a line of 10 Mbps, on, whose first bill is open. */
export async function newLine(name: string) {
	const token = await adminToken();
	const packages = await api<{ data: Row[] }>('GET', '/api/packages', token);
	const customer = await api('POST', '/api/customers', token, { name, phone: '0812-1111-2222' });
	return api<Row & { customer_id: string; mikrotik_username: string }>('POST', '/api/subscriptions', token, {
		customer_id: customer.id,
		package_id: packages.data.find(p => p.name === '10 Mbps')!.id,
		mikrotik_username: `${name.toLowerCase().replace(/\W/g, '.')}.${Date.now() % 100000}`,
		mikrotik_password: 'rahasia1',
	});
}

export const firstBill = async (line: Row) =>
	(await api<{ data: Row[] }>('GET', `/api/invoices?subscription_id=${line.id}`, await adminToken())).data[0]!;

/* An act of the menu beside the blue button. */
export async function choose(page: Page, verb: string) {
	await page.getByRole('button', { name: 'Lainnya', exact: true }).first().click();
	await page.getByRole('menuitem', { name: verb, exact: true }).click();
}

/* Open the console with a session, in a language. */
export async function enter(page: Page, path = '/', token?: string, lang = 'id') {
	const session = token ?? (await adminToken());
	await page.addInitScript(
		([t, l]) => {
			if (sessionStorage.getItem('entered')) return;
			sessionStorage.setItem('entered', '1');
			localStorage.setItem('auth_token', t!);
			localStorage.setItem('lang', l!);
		},
		[session, lang],
	);
	await page.goto(url() + path);
	await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
}

/* A page whose story fails when it complains, breaks the CSP, or asks another origin.  `allowed`
 * holds what a story provokes. */
export const test = base.extend<{ allowed: RegExp[] }>({
	allowed: async ({ page }, use) => {
		const allowed: RegExp[] = [];
		const complaints: string[] = [];
		page.on('console', m => {
			if (m.type() === 'error' || m.type() === 'warning') complaints.push(`${m.text()} ${m.location().url}`);
		});
		page.on('pageerror', e => complaints.push(`exception: ${e.message}`));
		page.on('request', r => {
			const at = new URL(r.url());
			if (at.protocol.startsWith('http') && at.origin !== url()) complaints.push(`another origin: ${r.url()}`);
		});
		await use(allowed);
		expect(complaints.filter(c => !allowed.some(a => a.test(c)))).toEqual([]);
	},
});

/* Nothing reaches beyond the window. */
export async function expectFits(page: Page, label: string) {
	const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	expect.soft(wide, `${label} is wider than the window`).toBeLessThanOrEqual(0);
	const outside = await page.evaluate(() =>
		[...document.querySelectorAll('button, a, input, select')]
			.filter(e => {
				const box = e.getBoundingClientRect();
				const isScrolled = e.closest('[role=tablist]') || e.closest('[class*=scroll]');
				return box.width > 0 && !isScrolled && (box.right > innerWidth + 1 || box.left < -1) && getComputedStyle(e).visibility !== 'hidden';
			})
			.map(e => e.outerHTML.slice(0, 120)),
	);
	expect.soft(outside.filter(h => !/navbar|NavLink/.test(h)), `${label}: controls outside the window`).toEqual([]);
}

/* Headings, tabs and states have words: where one lacks, the server's own name stands there, in small letters. */
export async function expectWords(page: Page, label: string) {
	const texts = await page
		.locator('thead th, [role=tab], label, dt, [class*=Badge-label]')
		.evaluateAll(all => all.map(e => e.textContent ?? ''));
	expect.soft(texts.filter(text => /^[a-z]/.test(text)), `${label}: words that lack`).toEqual([]);
}

/* Edges of fields have 3:1 against their inside, which axe does not measure. */
export async function expectEdges(page: Page, label: string) {
	const faint = await page.locator('input:not([type=file]):enabled, select:enabled, textarea:enabled').evaluateAll(all => {
		const light = (colour: string) => {
			const [r, g, b] = colour.match(/[\d.]+/g)!.slice(0, 3).map(n => {
				const part = Number(n) / 255;
				return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
			});
			return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
		};
		return all
			.map(e => [e, getComputedStyle(e)] as const)
			.filter(([e, style]) => e.getBoundingClientRect().width > 8 && Number.parseFloat(style.borderTopWidth) > 0)
			.filter(([, { borderTopColor, backgroundColor }]) => {
				const [a, b] = [light(borderTopColor), light(backgroundColor)].sort((x, y) => y - x);
				return (a! + 0.05) / (b! + 0.05) < 3;
			})
			.map(([e, style]) => `${e.outerHTML.slice(0, 80)} ${style.borderTopColor} on ${style.backgroundColor}`);
	});
	expect.soft(faint, `${label}: faint edges`).toEqual([]);
}

/* The chosen tab is seen: it stood beyond the edge of a phone when rights brought more tabs before it. */
export async function expectTab(page: Page, label: string) {
	const hidden = await page.locator('[role=tab][aria-selected=true]').evaluateAll(all =>
		all
			.filter(tab => {
				const [inner, outer] = [tab, tab.parentElement!].map(e => e.getBoundingClientRect());
				return inner!.left < outer!.left - 1 || inner!.right > outer!.right + 1;
			})
			.map(tab => tab.textContent),
	);
	expect.soft(hidden, `${label}: tabs beyond the edge`).toEqual([]);
}

/* Words of states with the colour of each: a word has one. */
export const stateColours = (page: Page) =>
	page.locator('.mantine-Badge-root').evaluateAll(all => all.map(e => [e.textContent ?? '', getComputedStyle(e).backgroundColor] as const));

/* axe finds nothing; seconds each, so only for screens in use all day. */
export async function expectReadable(page: Page, label: string) {
	const axe = await new AxeBuilder({ page: page as never }).analyze();
	expect.soft(
		axe.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 160)).join(' | ')}`),
		`${label}: axe`,
	).toEqual([]);
}

/* For those who look (make pictures): the whole page, named by its address. */
export async function picture(
	page: Page,
	name: string,
	width: number,
	scheme: string,
	when: 'networkidle' | 'load' = 'networkidle',
) {
	if (!process.env.PICTURES) return;
	await page.waitForLoadState(when);
	const file = `${name.replace(/[0-9a-f-]{36}/, 'one').replace(/\W+/g, '_')}-${width}-${scheme}.png`;
	await page.screenshot({ path: `${process.env.PICTURES}/${file}`, fullPage: true });
}

/* The screen of a story, on a desk and on the narrowest phone. */
export async function pictures(page: Page, name: string) {
	if (!process.env.PICTURES) return;
	const size = page.viewportSize()!;
	for (const width of [1280, 360]) {
		await page.setViewportSize({ width, height: 780 });
		/* The navigation slides away. */
		await page.waitForTimeout(400);
		await picture(page, name, width, 'light');
	}
	await page.setViewportSize(size);
}

export { expect };
