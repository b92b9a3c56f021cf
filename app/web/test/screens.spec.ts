/* Every screen once on a phone by day and on a desk by night: nothing wider than the window, the
 * console says nothing; axe finds nothing on the screens in use all day. */
import { adminToken, api, enter, expect, expectFits, expectReadable, test } from './walk';

type Page = { data: { id: string }[] };

const first = async (path: string) => (await api<Page>('GET', path, await adminToken())).data[0]!.id;

/* Address, title, the width at which axe looks. */
type Screen = [path: string, title: string | RegExp, axe?: 390 | 1440];

async function screens(): Promise<Screen[]> {
	const [customer, subscription, invoice, router, device, target] = await Promise.all(
		[
			'/api/customers?search=Budi',
			'/api/subscriptions?status=suspended',
			'/api/invoices?status=overdue',
			'/api/router-settings?is_active=1',
			'/api/snmp-devices',
			'/api/ping-targets',
		].map(first),
	);
	return [
		['/', 'Beranda', 1440],
		['/customers', 'Pelanggan', 1440],
		[`/customers/${customer}`, 'Budi Santoso', 390],
		['/subscriptions', 'Langganan'],
		[`/subscriptions/${subscription}`, /./],
		['/invoices', 'Tagihan', 390],
		[`/invoices/${invoice}`, /^INV-/],
		['/payments', 'Pembayaran'],
		['/packages', 'Paket'],
		['/network', 'Jaringan', 1440],
		['/network?tab=drift', 'Jaringan'],
		['/network?tab=devices', 'Jaringan'],
		['/network?tab=alerts', 'Jaringan'],
		[`/network/routers/${router}`, /Router/],
		[`/network/devices/${device}`, /./],
		[`/network/pings/${target}`, /./],
		['/settings', 'Pengaturan', 390],
		['/settings?tab=users', 'Pengaturan'],
		['/settings?tab=templates', 'Pengaturan'],
		['/settings?tab=audit-log', 'Pengaturan'],
		['/first', 'Selamat datang'],
	];
}

for (const [width, height, scheme] of [
	[390, 844, 'light'],
	[1440, 900, 'dark'],
] as const)
	test(`every screen at ${width}, ${scheme}`, async ({ page, allowed: _ }) => {
		test.setTimeout(600_000);
		await page.setViewportSize({ width, height });
		await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
		await enter(page, '/customers');
		for (const [path, title, axe] of await screens()) {
			await page.goto(process.env.STACK_URL + path);
			await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
			await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
			await expectFits(page, `${path} at ${width}`);
			if (axe === width) await expectReadable(page, `${path} at ${width}`);
			if (process.env.PICTURES) {
				await page.waitForLoadState('networkidle');
				const name = path.replace(/\W+/g, '_');
				await page.screenshot({ path: `${process.env.PICTURES}/${name}-${width}-${scheme}.png`, fullPage: width < 800 });
			}
		}
	});
