/* Money and days through the screens: what will happen stands there before it does. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { adminToken, api, choose, enter, expect, expectFits, firstBill, newLine, picture, test, url } from './walk';

const look = (page: Page, name: string) => picture(page, `dialog/${name}`, 1280, 'light');

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
	await expect(page.getByText('Belum dibayar', { exact: true }).locator('..')).toContainText('Rp0');
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
	const invoice = (await firstBill(line)).id;
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

test('papers: statement, tax, PDF, receipts', async ({ page, allowed: _ }) => {
	const line = await newLine('Rekening Koran');
	const bill = await firstBill(line);
	await enter(page, `/customers/${line.customer_id}?tab=statement`);
	await expect(page.getByRole('table', { name: 'Rekening' }).getByRole('row', { name: String(bill.invoice_number) })).toContainText(
		'Rp150.000',
	);
	await expect(page.getByText('Terutang di akhir').locator('..')).toContainText('Rp150.000');

	await page.goto(`${url()}/reports?tab=tax`);
	await expect(page.getByRole('table', { name: 'Pajak' }).getByRole('row', { name: /^Total/ })).toContainText(/Rp[1-9]/);
	const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
	expect(readFileSync(await csv.path(), 'utf8')).toContain(String(bill.invoice_number));

	await page.goto(`${url()}/invoices/${bill.id}`);
	const [pdf] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'PDF' }).click()]);
	expect(pdf.suggestedFilename()).toBe(`${bill.invoice_number}.pdf`);
	expect(readFileSync(await pdf.path()).subarray(0, 5).toString()).toBe('%PDF-');

	await api('PUT', '/api/settings', await adminToken(), { company_receipt_footer: 'BCA 123 456\na.n. Warga Net' });
	await page.getByRole('link', { name: 'Cetak' }).click();
	await expect(page.getByRole('article').getByText('a.n. Warga Net')).toBeVisible();
	for (const paper of ['58 mm', '80 mm', 'A4']) {
		await page.getByText(paper, { exact: true }).click();
		await expect(page.locator('article')).toHaveAttribute('data-paper', paper.replace(' mm', '').toLowerCase());
		const sheet = await page.pdf({ preferCSSPageSize: true });
		expect(sheet.toString('latin1').match(/\/Type\s*\/Page\b/g), `sheets of ${paper}`).toHaveLength(1);
	}
	await api('PUT', '/api/settings', await adminToken(), { company_receipt_footer: '' });
	await page.reload();
	await expect(page.getByRole('article').getByText('Terima kasih.')).toBeVisible();
});

/* The owner writes the text that leaves from a bill by WhatsApp: a name that no bill has is refused at its field. */
test('the text of WhatsApp is the owner’s, from the settings to a bill', async ({ page, context, allowed }) => {
	allowed.push(/status of 422/);
	await context.grantPermissions(['clipboard-read', 'clipboard-write']);
	const line = await newLine('Teks Sendiri');
	const bill = await firstBill(line);
	await enter(page, '/settings?tab=company');
	const text = page.getByLabel('Teks WhatsApp');
	await text.fill('Halo {nama}');
	await page.getByRole('button', { name: 'Simpan' }).click();
	await expect(text).toHaveAttribute('aria-invalid', 'true');
	/* Bug: a text of several lines stood in a box of one, and became one line. */
	await text.fill('Halo {name},\n{outstanding} untuk {invoice_number}: {pay_url}');
	await page.getByRole('button', { name: 'Simpan' }).click();
	await expect(page.getByRole('button', { name: 'Simpan' })).toBeDisabled();

	const said = `Halo Teks Sendiri,\nRp150.000 untuk ${bill.invoice_number}: ${bill.pay_url}`;
	await page.goto(`${url()}/invoices?search=${bill.invoice_number}`);
	await page.getByRole('button', { name: `Lainnya: ${bill.invoice_number}` }).click();
	await expect(page.getByRole('menuitem', { name: 'Kirim lewat WhatsApp' })).toHaveAttribute(
		'href',
		`https://wa.me/6281211112222?text=${encodeURIComponent(said)}`,
	);
	await page.getByRole('menuitem', { name: 'Salin teks WhatsApp' }).click();
	await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(said);
	await api('PUT', '/api/settings', await adminToken(), { company_whatsapp_text: '' });
});
