/* Money and days through the screens: what will happen stands there before it does. */
import type { Page } from '@playwright/test';
import { adminToken, api, enter, expect, expectFits, picture, test, url } from './walk';

const look = (page: Page, name: string) => picture(page, `dialog/${name}`, 1280, 'light');

type Made = { id: string; mikrotik_username: string };

/* A customer with a line of 10 Mbps, on, whose first bill is open. */
async function newLine(name: string): Promise<Made & { customer_id: string }> {
	const token = await adminToken();
	const packages = await api<{ data: { id: string; name: string }[] }>('GET', '/api/packages', token);
	const customer = await api('POST', '/api/customers', token, { name, phone: '0812-1111-2222' });
	return api('POST', '/api/subscriptions', token, {
		customer_id: customer.id,
		package_id: packages.data.find(p => p.name === '10 Mbps')!.id,
		mikrotik_username: `${name.toLowerCase().replace(/\W/g, '.')}.${Date.now() % 100000}`,
		mikrotik_password: 'rahasia1',
	});
}

async function choose(page: Page, verb: string) {
	await page.getByRole('button', { name: 'Lainnya', exact: true }).first().click();
	await page.getByRole('menuitem', { name: verb, exact: true }).click();
}

test('days, extras, paying ahead, pause, promise and change of package', async ({ page, allowed }) => {
	allowed.push(/status of 422/);
	const line = await newLine('Ledger Hari');
	await enter(page, `/subscriptions/${line.id}`);
	const dialog = page.getByRole('dialog');
	const submit = (verb: string) => dialog.getByRole('button', { name: verb, exact: true }).click();

	await choose(page, 'Tambah hari');
	await dialog.getByLabel(/^Hari/).fill('3');
	await dialog.getByLabel(/^Alasan/).fill('Gangguan kabel');
	await submit('Tambah hari');
	await page.getByRole('tab', { name: 'Buku hari' }).click();
	await expect(page.getByRole('row', { name: /Gangguan kabel/ })).toContainText('+3');
	await look(page, 'days');

	await page.getByRole('tab', { name: 'Tambahan dan diskon' }).click();
	await page.getByRole('button', { name: 'Tambahan atau diskon' }).click();
	await dialog.getByLabel('Jenis').selectOption('discount');
	await dialog.getByLabel(/^Keterangan/).fill('Diskon tetangga');
	await dialog.getByLabel('Jumlah').fill('5.000');
	await submit('Simpan');
	await expect(page.getByRole('row', { name: /Diskon tetangga/ })).toContainText('−Rp5.000');

	await choose(page, 'Bayar di muka');
	await expect(dialog.getByText('Yang akan terjadi')).toBeVisible();
	await expect(dialog.getByText('10 Mbps × 3')).toBeVisible();
	await expect(dialog.getByText('Rp435.000', { exact: true })).toBeVisible();
	await look(page, 'prepay');
	await submit('Batal');

	await choose(page, 'Ganti paket');
	await dialog.getByLabel('Paket').click();
	await page.getByRole('option', { name: /^50 Mbps/ }).click();
	await dialog.getByLabel('Berlaku').selectOption('next_period');
	await expect(dialog.getByText('Berlaku mulai')).toBeVisible();
	await look(page, 'change');
	await submit('Ganti paket');
	await expect(page.getByText(/^Paket berganti setelah/)).toBeVisible();

	await choose(page, 'Janji bayar');
	await look(page, 'promise');
	await submit('Janji bayar');
	await expect(page.getByText(/^Janji bayar: layanan tidak diputus/)).toBeVisible();

	await choose(page, 'Jeda');
	await look(page, 'pause');
	await submit('Jeda');
	await expect(page.getByText(/^Dijeda \d/)).toBeVisible();
	await page.getByRole('button', { name: 'Lanjutkan layanan' }).click();
	await submit('Lanjutkan layanan');
	await expect(page.getByText(/^Dijeda \d/)).toBeHidden();

	await page.getByRole('tab', { name: 'Riwayat' }).click();
	await expect(page.getByRole('row', { name: /Diberikan/ }).first()).toBeVisible();
	await expectFits(page, 'history');
});

test('charges and a deposit; a bill with its lines', async ({ page, allowed: _ }) => {
	const line = await newLine('Biaya Sekali');
	await enter(page, `/customers/${line.customer_id}?tab=charges`);
	const dialog = page.getByRole('dialog');
	await page.getByRole('button', { name: 'Tagih biaya' }).click();
	await dialog.getByLabel(/^Keterangan/).fill('Kabel 40 m');
	await dialog.getByLabel(/^Jumlah/).fill('120000');
	await dialog.getByLabel('Tagihan sendiri').check();
	await dialog.getByRole('button', { name: 'Simpan' }).dblclick();
	const row = page.getByRole('row', { name: /Kabel 40 m/ });
	await expect(row).toHaveCount(1);
	await row.getByRole('link').click();
	await expect(page.getByRole('table', { name: 'Rincian' })).toContainText('Kabel 40 m');

	await page.goto(`${url()}/customers/${line.customer_id}`);
	await choose(page, 'Terima titipan');
	await dialog.getByLabel(/^Jumlah/).fill('500000');
	await dialog.getByRole('button', { name: 'Terima titipan' }).click();
	await expect(page.getByText('Rp500.000 diterima')).toBeVisible();
	await page.getByRole('tab', { name: 'Saldo' }).click();
	await expect(page.getByText('Tunggakan', { exact: true }).locator('..')).toContainText('Rp0');
});

test('a preset fills the policies, and each has its sentence', async ({ page, allowed: _ }) => {
	const token = await adminToken();
	const before = await api('GET', '/api/settings', token);
	await enter(page, '/settings');
	await expect(page.getByText('Layanan diputus sekian hari setelah jatuh tempo.')).toBeVisible();
	await page.getByRole('button', { name: 'Pakai pola ini' }).nth(1).click();
	await look(page, 'preset');
	await page.getByRole('dialog').getByRole('button', { name: 'Pakai pola ini' }).click();
	await expect(page.getByLabel('Siklus')).toHaveValue('calendar');
	await expect(page.getByLabel('Masa tenggang (hari)')).toHaveValue('9');
	await page.getByLabel('Masa tenggang (hari)').fill('12');
	await page.getByRole('navigation').getByText('Paket').click();
	await expect(page.getByText('Perubahan belum disimpan')).toBeVisible();
	await page.getByRole('button', { name: 'Tetap di sini' }).click();
	await expect(page.getByLabel('Masa tenggang (hari)')).toHaveValue('12');
	const names = 'cycle mode billing_day late_policy lead_days due_days grace_days first_period'.split(' ');
	await api('PUT', '/api/settings', token, Object.fromEntries(names.map(n => [n, before[n]])));
});

test('two tabs: what one pays the other cannot pay again', async ({ page, context, allowed }) => {
	allowed.push(/status of 4(09|22)/);
	const line = await newLine('Dua Tab');
	const found = await api<{ data: { id: string }[] }>('GET', `/api/invoices?subscription_id=${line.id}`, await adminToken());
	const invoice = found.data[0]!.id;
	await enter(page, `/invoices/${invoice}`);
	const other = await context.newPage();
	await enter(other, `/invoices/${invoice}`);
	for (const tab of [page, other]) await tab.getByRole('button', { name: /^Terima pembayaran/ }).click();
	const pay = (tab: Page) => tab.getByRole('dialog').getByRole('button', { name: 'Terima pembayaran' }).click();
	await pay(page);
	await expect(page.getByText(/diterima\./)).toBeVisible();
	await pay(other);
	await expect(other.getByRole('dialog').getByRole('alert')).toBeVisible();
	await look(other, 'paid_in_another_tab');
	await other.reload();
	await expect(other.getByText('Lunas', { exact: true }).first()).toBeVisible();
});
