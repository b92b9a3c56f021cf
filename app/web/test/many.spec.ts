/* Many rows at once: a sheet with bad rows, and one act on a whole list. */
import { adminToken, api, enter, expect, expectFits, picture, test } from './walk';

type Found = { total: number };
const total = async (path: string) => (await api<Found>('GET', path, await adminToken())).total;

test('a sheet with bad rows: each problem is shown before anything is written', async ({ page, allowed: _ }) => {
	const mark = `impor${Date.now() % 1_000_000}`;
	const sheet = [
		'Nama;HP;Paket;Harga;User;Password;Jatuh Tempo',
		`Wayan Impor;0812-3757-4101;Rumah Impor;150.000;${mark}.a;rahasia;2027-03-20`,
		`Made Impor;0812-3757-4102;Rumah Impor;150.000;${mark}.b;rahasia;2027-03-20`,
		`Ketut Kembar;0812-3757-4103;Rumah Impor;150.000;${mark}.a;rahasia;2027-03-20`,
		`Nyoman Tanggal;0812-3757-4104;Rumah Impor;150.000;${mark}.c;rahasia;kapan-kapan`,
	].join('\n');
	await enter(page, '/import');
	await page.locator('input[type=file]').setInputFiles({ name: 'pelanggan.csv', mimeType: 'text/csv', buffer: Buffer.from(sheet) });
	const faults = page.getByRole('table', { name: 'Baris bermasalah' });
	await expect(faults.getByRole('row', { name: /Ketut Kembar/ })).toContainText('Nama akun ini sudah ada di baris sebelumnya.');
	await expect(faults.getByRole('row', { name: /Nyoman Tanggal/ })).toContainText('Bukan tanggal.');
	await expectFits(page, 'import');
	await picture(page, 'dialog/import', 1280, 'light');
	expect(await total(`/api/subscriptions?search=${mark}`), 'nothing is written by looking').toBe(0);
	await page.getByRole('button', { name: 'Simpan semuanya' }).click();
	await expect(page.getByRole('status')).toContainText('2');
	await expect.poll(() => total(`/api/subscriptions?search=${mark}`)).toBe(2);
});

test('one act on a whole list, with the answer for each row', async ({ page, allowed: _ }) => {
	await enter(page, '/invoices?status=paid&kind=first');
	await page.getByRole('checkbox', { name: 'Semua', exact: true }).check();
	await expect(page.getByText('20 dipilih')).toBeVisible();
	/* Other stories pay first bills meanwhile: as many as this list then holds, more than a page. */
	await page.getByRole('button', { name: /^Pilih semua/ }).click();
	const chosen = page.getByRole('region').getByText(/^(2[1-9]|[3-9]\d|\d{3,}) dipilih$/);
	await expect(chosen).toBeVisible();
	const paid = Number.parseInt(await chosen.innerText(), 10);
	await page.getByRole('button', { name: 'Ingatkan' }).click();
	const dialog = page.getByRole('dialog');
	await expect(dialog.getByText('0 akan dikerjakan.')).toBeVisible();
	await expect(dialog.getByText(/Tagihan sudah lunas\./)).toBeVisible();
	await picture(page, 'dialog/bulk', 1280, 'light');
	await dialog.getByRole('button', { name: 'Ingatkan' }).click();
	const each = dialog.getByRole('table', { name: 'Hasil tiap baris' });
	await expect(each.getByRole('row')).toHaveCount(paid);
	await picture(page, 'dialog/bulk_each', 1280, 'light');
	await expect(each.getByRole('row').first()).toContainText(/INV-.*Tagihan sudah lunas\./);
	await dialog.getByRole('button', { name: 'Tutup' }).last().click();
	await expect(page.getByText(/dipilih/)).toHaveCount(0);
});
