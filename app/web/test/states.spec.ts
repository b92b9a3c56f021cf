/* Screens in states that a demonstration town never has: nothing there yet, names of 60 letters, an
 * answer that does not come, a server that is away, fields refused.  Real answers are bent on their
 * way to the browser. */
import type { Page, Route } from '@playwright/test';
import { adminToken, api, enter, expect, expectFits, expectReadable, picture, test, url } from './walk';

type Rows = { data: { id: string }[] };
type Bend = (body: unknown) => unknown;

const LONG = 'Perusahaan Dagang Nusantara Jaya Abadi Sejahtera Bersama Tbk';
const NAMES = /^(name|customer_name|title|notes|address|text|company_name|profile|comment)$/;

/* Every list and every sum without rows. */
const emptied: Bend = body => {
	if (Array.isArray(body)) return [];
	if (typeof body === 'number') return 0;
	if (body === null || typeof body !== 'object') return body;
	const of = body as Record<string, unknown>;
	if ('current_page' in of) return { ...of, data: [], total: 0, last_page: 1, current_page: 1, sum_amount: 0 };
	return Object.fromEntries(Object.entries(of).map(([k, v]) => [k, typeof v === 'object' || typeof v === 'number' ? emptied(v) : v]));
};

const USERNAME = LONG.toLowerCase().replaceAll(' ', '.');

const stretched: Bend = body => {
	if (Array.isArray(body)) return body.map(stretched);
	if (body === null || typeof body !== 'object') return body;
	return Object.fromEntries(
		Object.entries(body).map(([k, v]) => {
			if (typeof v !== 'string') return [k, stretched(v)];
			return [k, k === 'mikrotik_username' ? USERNAME : NAMES.test(k) ? LONG : v];
		}),
	);
};

/* The user and the fields stay as they are. */
const isOwn = (path: string) => /^\/api\/(me|meta|settings)$/.test(path);

const bend = (page: Page, by: Bend, isKept: (path: string) => boolean = isOwn) =>
	page.route('**/api/**', async (route: Route) => {
		if (route.request().method() !== 'GET' || isKept(new URL(route.request().url()).pathname)) return route.continue();
		const answer = await route.fetch();
		const json = answer.headers()['content-type']?.startsWith('application/json');
		if (!answer.ok() || !json) return route.fulfill({ response: answer });
		return route.fulfill({ response: answer, json: by(await answer.json()) });
	});

/* The server's answers stay away, but for the user and the fields. */
const withoutAnswers = (page: Page, instead: (route: Route) => unknown) =>
	page.route('**/api/**', route =>
		isOwn(new URL(route.request().url()).pathname) ? route.continue() : instead(route),
	);

const first = async (path: string) => (await api<Rows>('GET', path, await adminToken())).data[0]!.id;

async function places() {
	const [customer, subscription, invoice] = await Promise.all(
		['/api/customers?search=Budi', '/api/subscriptions', '/api/invoices?status=overdue'].map(first),
	);
	const lists = '/ /customers /subscriptions /invoices /payments /packages /network /reports'.split(' ');
	const ones = [`/customers/${customer}`, `/subscriptions/${subscription}`, `/invoices/${invoice}`];
	return { lists, ones };
}

const IN_PICTURES = [
	[360, 780, 'light'],
	[1440, 900, 'dark'],
] as const;

for (const [width, height, scheme] of process.env.PICTURES ? IN_PICTURES : IN_PICTURES.slice(0, 1)) {
	const look = async (page: Page, path: string, state: string) => {
		await page.goto(url() + path);
		await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
		await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
		await expectFits(page, `${path} ${state} at ${width}`);
		await picture(page, `${state}${path}`, width, scheme);
	};
	const begin = async (page: Page) => {
		await page.setViewportSize({ width, height });
		await page.emulateMedia({ colorScheme: scheme });
	};

	test(`nothing there yet, at ${width}`, async ({ page, allowed: _ }) => {
		const { lists } = await places();
		await begin(page);
		await bend(page, emptied);
		await enter(page, '/customers');
		await expect(page.getByText('Belum ada').first()).toBeVisible();
		for (const path of lists) await look(page, path, 'empty');
		await expectReadable(page, 'empty');
	});

	test(`names of 60 letters, at ${width}`, async ({ page, allowed }) => {
		allowed.push(/status of 404/); // no router has an account of that name
		const { lists, ones } = await places();
		await begin(page);
		await bend(page, stretched);
		await enter(page, '/customers');
		await expect(page.getByRole('table').getByText(LONG).first()).toBeVisible();
		for (const path of [...lists, ...ones]) await look(page, path, 'long');
	});

	/* Bug: a package of a long name made each row of its line four lines high. */
	test(`rows of long names take two lines on a desk, at ${width}`, async ({ page, allowed: _ }) => {
		await begin(page);
		await page.setViewportSize({ width: 1440, height });
		await bend(page, stretched);
		await enter(page, '/subscriptions');
		for (const path of ['/subscriptions', '/customers', '/invoices', '/payments', '/packages']) {
			await page.goto(url() + path);
			await expect(page.getByRole('table').getByText(/^Perusahaan/).first()).toBeVisible();
			const high = await page.locator('tbody tr').evaluateAll(all => all.map(row => row.getBoundingClientRect().height));
			expect.soft(Math.max(...high), `${path}: the highest row`).toBeLessThan(64);
		}
	});

	test(`an answer that does not come, a server away, at ${width}`, async ({ page, allowed }) => {
		allowed.push(/ERR_|Failed to (load|fetch)|status of 50/);
		const { ones } = await places();
		await begin(page);
		await enter(page, '/customers');
		await withoutAnswers(page, () => {});
		for (const path of ['/', '/invoices']) {
			await page.goto(url() + path);
			await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
			await expect(page.locator('[aria-busy=true]').first()).toBeVisible();
			await expectFits(page, `${path} waiting at ${width}`);
			await picture(page, `waiting${path}`, width, scheme, 'load');
		}
		await page.unrouteAll({ behavior: 'ignoreErrors' });
		await withoutAnswers(page, route => route.abort());
		for (const path of ['/invoices', ones[0]!]) {
			await page.goto(url() + path);
			await expect(page.getByRole('button', { name: 'Coba lagi' }).first()).toBeVisible();
			await expectFits(page, `${path} away at ${width}`);
			await picture(page, `away${path}`, width, scheme, 'load');
		}
	});

	test(`a refused form says so at its fields, at ${width}`, async ({ page, allowed }) => {
		allowed.push(/status of 422/);
		await begin(page);
		await enter(page, '/packages');
		await page.getByRole('button', { name: 'Paket baru' }).click();
		const dialog = page.getByRole('dialog');
		await dialog.getByLabel('Harga').fill('-5');
		await dialog.getByRole('button', { name: 'Simpan' }).click();
		await expect(dialog.getByLabel('Nama')).toHaveAttribute('aria-invalid', 'true');
		await expect(dialog.getByText('Wajib diisi.').first()).toBeVisible();
		expect(await dialog.innerText()).not.toMatch(/\b(must|required|field)\b/i);
		await expectFits(page, `a refused form at ${width}`);
		await picture(page, 'refused/packages', width, scheme);
	});

	/* Bug: the acts of a paid bill stood in a row of their own. */
	test(`a card of a bill has no row with an empty left side, at ${width}`, async ({ page, allowed }) => {
		allowed.push(/status of 404/);
		const { ones } = await places();
		await begin(page);
		await page.setViewportSize({ width: Math.min(width, 390), height });
		await enter(page, `${ones[0]}?tab=invoices`);
		for (const path of ['', '/invoices?status=paid', '/invoices?open=1']) {
			if (path) await page.goto(url() + path);
			const table = page.getByRole('table', { name: 'Tagihan' });
			await expect(table.getByText(/^INV-/).first()).toBeVisible();
			await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
			const halves = await table.locator('tbody tr').evaluateAll(cards =>
				cards.flatMap(card => {
					const cells = [...card.querySelectorAll('td')].map(td => td.getBoundingClientRect()).filter(box => box.width > 0);
					const edge = Math.min(...cells.map(box => box.left)) + 1;
					const left = cells.filter(box => box.left <= edge);
					const isAlone = (box: DOMRect) => !left.some(l => l.top < box.bottom && box.top < l.bottom);
					return cells.filter(isAlone).map(() => (card as HTMLElement).innerText);
				}),
			);
			expect.soft(halves, path).toEqual([]);
			expect(await table.locator('tbody tr').count()).toBeGreaterThan(0);
		}
	});

	test(`filters of a long list stand in columns on a phone, at ${width}`, async ({ page, allowed: _ }) => {
		await begin(page);
		await page.setViewportSize({ width: Math.min(width, 390), height });
		await enter(page, '/invoices');
		for (const path of ['/invoices', '/customers', '/subscriptions']) {
			await page.goto(url() + path);
			const filters = page.getByRole('main').getByRole('combobox');
			await expect(filters.first()).toBeVisible();
			const boxes = await filters.evaluateAll(all =>
				all.map(e => e.getBoundingClientRect()).map(box => [Math.round(box.left), Math.round(box.width)]),
			);
			expect.soft(new Set(boxes.map(([left]) => left)).size, `${path}: columns`).toBe(2);
			expect.soft(new Set(boxes.map(([, wide]) => wide)).size, `${path}: widths`).toBe(1);
			/* Bug: "Belum dibayar: Sem". */
			const cut = await filters.evaluateAll(all =>
				(all as HTMLSelectElement[])
					.filter(select => {
						const style = getComputedStyle(select);
						const pen = document.createElement('canvas').getContext('2d')!;
						pen.font = style.font;
						const room = select.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
						return pen.measureText(select.selectedOptions[0]!.text).width > room;
					})
					.map(select => select.selectedOptions[0]!.text),
			);
			expect.soft(cut, `${path}: cut`).toEqual([]);
		}
	});

	/* Bug: "Belum ada pelanggan", and "161–66 dari 66", after the last row of the last page had gone. */
	test(`a page beyond the last is the last, at ${width}`, async ({ page, allowed: _ }) => {
		await begin(page);
		await enter(page, '/customers?page=99&sort=-name');
		await expect(page).toHaveURL(/\?page=[3-9]&sort=-name$/);
		const shown = page.getByText(/^\d+–\d+ dari \d+/);
		await expect(shown).toBeVisible();
		const [from, to, all] = (await shown.innerText()).match(/\d+/g)!.map(Number);
		expect(to).toBe(all);
		await expect(page.locator('tbody tr')).toHaveCount(to! - from! + 1);
	});

	/* Bug: the bar of those who left stood before that of those who came, and hid it. */
	test(`bars of two figures are both seen, at ${width}`, async ({ page, allowed }) => {
		allowed.push(/Canvas2D: Multiple readback/);
		await begin(page);
		const alike: Bend = body => {
			const { rows } = body as { rows: object[] };
			return { ...(body as object), rows: rows.map(row => ({ ...row, began: 2, ended: 2 })) };
		};
		await bend(page, alike, path => path !== '/api/reports/subscribers');
		await enter(page, '/reports?tab=subscribers');
		await expect(page.locator('figure canvas')).toBeVisible();
		await expect(page.locator('figure th').first()).toHaveText('Paket');
		const inked = () =>
			page.locator('figure canvas').evaluate(element => {
				const canvas = element as HTMLCanvasElement;
				const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
				let [green, red] = [0, 0];
				for (let i = 0; i < data.length; i += 4) {
					const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
					if (data[i + 3]! < 200) continue;
					if (g > 100 && r < 80 && b < 100) green++;
					if (r > 180 && g < 80 && b < 80) red++;
				}
				return { green, red };
			});
		await expect.poll(async () => (await inked()).red).toBeGreaterThan(500);
		const { green, red } = await inked();
		expect(green / red).toBeGreaterThan(0.8);
		expect(green / red).toBeLessThan(1.25);
		await picture(page, 'alike/reports', width, scheme);
	});

	/* It stood there in English. */
	test(`why a router failed is said in the person's language, at ${width}`, async ({ page, allowed }) => {
		allowed.push(/status of 502/);
		const { ones } = await places();
		const router = await first('/api/router-settings?is_active=1');
		const why = 'router Pusat did not answer in time (/ppp/secret/print): it fell silent';
		const says = 'Router Pusat tidak menjawab tepat waktu (/ppp/secret/print): jawabannya berhenti di tengah';
		const broken: Bend = body => ({ ...(body as object), sync_error: `${why}\nTimur is not active`, last_error: why });
		await begin(page);
		await bend(page, broken, path => !/^\/api\/(subscriptions|router-settings)\/[^/]+$/.test(path));
		await enter(page, ones[1]!);
		await expect(page.getByRole('alert', { name: 'Kesalahan sinkron' })).toContainText(`${says}; Timur tidak aktif`);
		await look(page, ones[1]!, 'broken');
		await page.route('**/test', route => route.fulfill({ status: 502, json: { message: why, code: 'upstream_failed' } }));
		await page.goto(`${url()}/network/routers/${router}`);
		await expect(page.getByRole('alert', { name: 'Kesalahan terakhir' })).toContainText(says);
		await page.getByRole('button', { name: 'Uji sambungan' }).click();
		await page.getByRole('dialog').getByRole('button', { name: 'Uji sambungan' }).click();
		await expect(page.getByRole('dialog').getByRole('alert')).toHaveText(says);
		await expectFits(page, `a failed test at ${width}`);
		await picture(page, 'broken/test', width, scheme);
	});

	/* They were lost: the form said only that something is wrong. */
	test(`a refusal of fields that are not on screen is shown, at ${width}`, async ({ page, allowed }) => {
		allowed.push(/status of 422/);
		const errors = { quiet_from_hour: ['The hour must be before quiet_until_hour.'] };
		const codes = { quiet_from_hour: [{ code: 'order' }] };
		const refuse = (route: Route) =>
			route.request().method() === 'GET'
				? route.continue()
				: route.fulfill({ status: 422, json: { message: 'invalid', errors, codes } });
		await begin(page);
		await enter(page, '/settings');
		await page.route('**/api/settings', refuse);
		const grace = page.getByLabel('Masa tenggang (hari)');
		const before = await grace.inputValue();
		await grace.fill('21');
		await page.getByRole('button', { name: 'Simpan' }).click();
		await expect(page.getByRole('alert')).toBeInViewport();
		await expect(page.getByRole('alert')).toContainText('Jam tenang mulai: Harus tidak melebihi nilai pasangannya.');
		await expectFits(page, `a refused setting at ${width}`);
		await picture(page, 'refused/settings', width, scheme);
		await grace.fill(before);
		await page.unroute('**/api/settings');

		await page.goto(`${url()}/reset-password?token=gone`);
		await page.getByLabel('Email').fill('admin@ispbilling.com');
		for (const name of ['Kata sandi', 'Ulangi kata sandi'])
			await page.getByRole('textbox', { name, exact: true }).fill('rahasia-baru');
		await page.getByRole('button', { name: 'Simpan' }).click();
		await expect(page.getByRole('alert')).toContainText('Tautan: Tautan ini sudah tidak berlaku.');
		await picture(page, 'refused/reset', width, scheme);
	});
}
