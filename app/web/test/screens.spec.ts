/* Every screen once on a phone by day and on a desk by night: nothing wider than the window, the
 * console says nothing; axe finds nothing on the screens in use all day.  For pictures (PICTURES)
 * each in three widths and both themes. */
import { adminToken, api, enter, expect, expectEdges, expectFits, expectReadable, expectTab, expectWords, firstBill, newLine, picture, stateColours, test } from './walk';

type Page = { data: { id: string }[] };

const first = async (path: string) => (await api<Page>('GET', path, await adminToken())).data[0]!.id;

/* Address, title, the width at which axe looks. */
type Screen = [path: string, title: string | RegExp, axe?: 390 | 1440];

const tabs = (path: string, title: string | RegExp, names: string): Screen[] =>
	names.split(' ').map(name => [`${path}?tab=${name}`, title]);

async function screens(): Promise<Screen[]> {
	const [customer, subscription, invoice, router, device, target, run] = await Promise.all(
		[
			'/api/customers?search=Budi',
			'/api/subscriptions?status=suspended',
			'/api/invoices?status=overdue',
			'/api/router-settings?is_active=1',
			'/api/snmp-devices',
			'/api/ping-targets',
			'/api/billing/runs',
		].map(first),
	);
	return [
		['/', 'Beranda', 1440],
		['/customers', 'Pelanggan', 1440],
		[`/customers/${customer}`, 'Budi Santoso', 390],
		...tabs(`/customers/${customer}`, /./, 'invoices payments credit statement charges live history messages'),
		['/subscriptions', 'Langganan'],
		[`/subscriptions/${subscription}`, /./],
		...tabs(`/subscriptions/${subscription}`, /./, 'days items live history'),
		['/invoices', 'Tagihan', 390],
		[`/invoices/${invoice}`, /^INV-/],
		[`/receipt/${invoice}`, /./, 390],
		['/payments', 'Pembayaran'],
		['/packages', 'Paket'],
		['/network', 'Jaringan', 1440],
		...tabs('/network', 'Jaringan', 'online accounts drift devices pings alerts maintenance'),
		[`/network/routers/${router}`, /Router/],
		...tabs(`/network/routers/${router}`, /./, 'subscriptions interfaces'),
		[`/network/devices/${device}`, /./],
		[`/network/pings/${target}`, /./],
		['/reports', 'Laporan', 1440],
		...tabs('/reports', 'Laporan', 'receivables subscribers payments tax'),
		['/settings', 'Pengaturan', 390],
		...tabs(
			'/settings',
			'Pengaturan',
			'company suspension sending limits users tokens channels templates messages radius runs billing-log midtrans-log audit-log health',
		),
		[`/runs/${run}`, /./, 390],
		['/import', /./, 390],
		['/first', 'Selamat datang'],
	];
}

/* Lists of many columns on the narrowest laptop: the acts of a row stood beyond the edge. */
test('lists fit laptops of 1280 and 1440', async ({ page, allowed: _ }) => {
	/* Bug: a long name made a row of five lines. */
	const long = 'Perkumpulan Warga Kampung Baru Rukun Tetangga Nol Tujuh';
	const line = await newLine(long);
	await enter(page, `/invoices?search=${(await firstBill(line)).invoice_number}`);
	for (const path of ['', '/customers?search=Perkumpulan', '/subscriptions?search=Perkumpulan', '/invoices?search=Perkumpulan']) {
		if (path) await page.goto(process.env.STACK_URL + path);
		const name = page.getByRole('row').getByTitle(long).first();
		await expect(name).toBeVisible();
		expect.soft((await name.boundingBox())!.height, `lines of a long name on ${path}`).toBeLessThan(50);
	}
	for (const path of '/customers /subscriptions /invoices /payments /packages'.split(' ')) {
		await page.goto(process.env.STACK_URL + path);
		await expect(page.getByRole('table').getByRole('row').nth(1)).toBeVisible();
		await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
		for (const width of [1280, 1440]) {
			await page.setViewportSize({ width, height: 800 });
			const hidden = await page
				.getByRole('table')
				.evaluate(table => table.scrollWidth - (table.parentElement as HTMLElement).clientWidth);
			expect.soft(hidden, `${path} at ${width}: pixels beyond the edge`).toBeLessThanOrEqual(0);
		}
	}
});

const ON_DESKS = /\?tab=(drift|devices|alerts|users|templates|audit-log)$/;
const SEEN = [
	[390, 844, 'light'],
	[1440, 900, 'dark'],
] as const;
const IN_PICTURES = [
	...SEEN,
	[390, 844, 'dark'],
	[1440, 900, 'light'],
	[360, 780, 'light'],
	[360, 780, 'dark'],
] as const;

for (const [width, height, scheme] of process.env.PICTURES ? IN_PICTURES : SEEN)
	test(`every screen at ${width}, ${scheme}`, async ({ page, allowed }) => {
		/* A line that is cut has no session to look at. */
		allowed.push(/status of 404 .*user-detail/);
		test.setTimeout(600_000);
		await page.setViewportSize({ width, height });
		await page.emulateMedia({ colorScheme: scheme });
		await enter(page, '/customers');
		/* On a desk a tab is as wide as its screen: all but these are looked at on the phone. */
		const isSeen = ([path]: Screen) =>
			width < 1000 || !!process.env.PICTURES || !path.includes('?tab=') || ON_DESKS.test(path);
		const colours = new Map<string, Set<string>>();
		for (const [path, title, axe] of (await screens()).filter(isSeen)) {
			await page.goto(process.env.STACK_URL + path);
			await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
			await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
			await expectFits(page, `${path} at ${width}`);
			await expectWords(page, path);
			await expectEdges(page, path);
			await expectTab(page, path);
			for (const [word, colour] of await stateColours(page)) colours.set(word, (colours.get(word) ?? new Set()).add(colour));
			if (axe === width) await expectReadable(page, `${path} at ${width}`);
			await picture(page, path, width, scheme);
		}
		/* Bug: "Offline" was green in the list of customers, and grey elsewhere. */
		expect([...colours].filter(([, some]) => some.size > 1).map(([word, some]) => `${word}: ${[...some].join(', ')}`)).toEqual([]);
	});
