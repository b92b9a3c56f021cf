/* Every screen once on a phone by day and on a desk by night: nothing wider than the window, axe
 * finds nothing, the console says nothing. */
import { adminToken, api, enter, expect, expectGood, test } from './walk';

type Page = { data: { id: string }[] };

const first = async (path: string) => (await api<Page>('GET', path, await adminToken())).data[0]!.id;

async function addresses() {
	return [
		['/', 'Beranda'],
		['/customers', 'Pelanggan'],
		[`/customers/${await first('/api/customers?search=Budi')}`, 'Budi Santoso'],
		['/subscriptions', 'Langganan'],
		[`/subscriptions/${await first('/api/subscriptions?status=suspended')}`, /./],
		['/invoices', 'Tagihan'],
		[`/invoices/${await first('/api/invoices?status=overdue')}`, /^INV-/],
		['/payments', 'Pembayaran'],
		['/packages', 'Paket'],
		['/network', 'Jaringan'],
		[`/network/routers/${await first('/api/router-settings?is_active=1')}`, /Router/],
		['/settings', 'Pengaturan'],
		['/settings?tab=users', 'Pengaturan'],
		['/settings?tab=audit-log', 'Pengaturan'],
		['/import', 'Impor'],
		['/first', 'Selamat datang'],
	] as [string, string | RegExp][];
}

for (const [width, height, scheme] of [
	[390, 844, 'light'],
	[1440, 900, 'dark'],
] as const)
	test(`every screen at ${width}, ${scheme}`, async ({ page, allowed }) => {
		test.setTimeout(600_000);
		allowed.push(/status of 404/);
		await page.setViewportSize({ width, height });
		await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
		await enter(page, '/customers');
		for (const [path, title] of await addresses()) {
			await page.goto(process.env.STACK_URL + path);
			await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
			await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
			await page.waitForLoadState('networkidle');
			await expectGood(page, `${path} at ${width}`);
			if (process.env.PICTURES)
				await page.screenshot({ path: `${process.env.PICTURES}/${path.replace(/\W+/g, '_')}-${width}-${scheme}.png`, fullPage: width < 800 });
		}
	});
