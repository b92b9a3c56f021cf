/* Operators' daily work, through the screens. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { adminToken, api, choose, enter, expect, expectFits, newLine, test, url } from './walk';

test('login says what is wrong, then lets in', async ({ page, allowed }) => {
	allowed.push(/status of 422/);
	await page.addInitScript(() => localStorage.setItem('lang', 'id'));
	await page.goto(`${url()}/invoices?status=overdue`);
	await page.getByLabel('Email').fill('admin@ispbilling.com');
	await page.getByRole('textbox', { name: 'Kata sandi' }).fill('wrong');
	await page.getByRole('button', { name: 'Masuk' }).click();
	await expect(page.getByText('Email atau kata sandi salah.')).toBeVisible();
	await page.getByRole('textbox', { name: 'Kata sandi' }).fill('admin123');
	await page.keyboard.press('Enter');
	await expect(page).toHaveURL(/invoices\?status=overdue/);
	await expect(page.getByRole('heading', { name: 'Tagihan', level: 1 })).toBeVisible();
});

const WRITES = / baru$|^(Terima|Impor|Putus|Nyalakan|Ubah|Hapus|Simpan|Lainnya$|Terapkan|Sinkronkan|Pakai pola|Tagih|Unggah)/;

test('a viewer sees no button that would be refused', async ({ page, allowed: _ }) => {
	const admin = await adminToken();
	const email = `viewer-${Date.now()}@example.com`;
	await api('POST', '/api/users', admin, { name: 'Viewer', email, password: 'secret-viewer', role: 'viewer' });
	const { token } = await api<{ token: string }>('POST', '/api/login', undefined, { email, password: 'secret-viewer' });
	await enter(page, '/invoices?status=overdue', token);
	await expect(page.getByRole('table', { name: 'Tagihan' }).getByRole('row').nth(1)).toBeVisible();
	await expect(page.getByRole('button', { name: /Terima|Tagihan baru/ })).toHaveCount(0);
	const first = async (path: string) => (await api<{ data: { id: string }[] }>('GET', path, token)).data[0]!.id;
	const ones = await Promise.all(
		['customers', 'subscriptions', 'invoices'].map(async noun => `/${noun}/${await first(`/api/${noun}`)}`),
	);
	const lists = '/ /packages /network?tab=maintenance /settings'.split(' ');
	/* An answer of 403 is an error in the browser's console, at which the story fails. */
	for (const path of [...lists, ...ones]) {
		await page.goto(url() + path);
		await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
		await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
		await expect(page.getByRole('button', { name: WRITES }), path).toHaveCount(0);
	}
});

test('the life of a subscriber: born, billed, paid, cut, back, gone', async ({ page, allowed }) => {
	allowed.push(/status of 422/);
	const name = `Nyoman ${Date.now() % 100000}`;
	const account = `nyoman.${Date.now() % 100000}`;
	await enter(page, '/customers');
	await expect(page.getByRole('button', { name: 'Pelanggan baru' })).toBeVisible();
	await page.keyboard.press('n');
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Simpan' }).click();
	await expect(dialog.getByText('Wajib diisi.')).toBeVisible();
	await dialog.getByLabel('Nama').fill(name);
	await dialog.getByLabel('Telepon').fill('0812-0000-1111');
	await dialog.getByRole('button', { name: 'Simpan' }).dblclick();
	await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
	const found = await api<{ total: number }>('GET', `/api/customers?search=${encodeURIComponent(name)}`, await adminToken());
	expect(found.total, 'a double click makes one customer').toBe(1);

	await page.getByRole('button', { name: 'Langganan baru' }).click();
	await dialog.getByLabel('Paket').click();
	await page.getByRole('option', { name: '10 Mbps' }).click();
	await dialog.getByLabel('Nama akun').fill(account);
	await dialog.getByRole('button', { name: 'Simpan' }).click();
	await expect(page.getByRole('row', { name: new RegExp(account) })).toBeVisible();

	await page.getByRole('link', { name: account }).click();
	await expect(page.getByRole('heading', { name: account, level: 1 })).toBeVisible();
	await page.getByRole('button', { name: 'Buat tagihan' }).click();
	await dialog.getByLabel('Jenis').selectOption('other');
	await dialog.getByLabel('Jumlah').fill('50.000');
	await dialog.getByRole('button', { name: 'Buat tagihan' }).click();
	await page.getByRole('button', { name: /^Terima pembayaran: INV/ }).first().click();
	await dialog.getByLabel('Jumlah').fill('99999999');
	await dialog.getByRole('button', { name: 'Terima pembayaran' }).click();
	await expect(dialog.getByLabel('Jumlah')).toHaveAttribute('aria-invalid', 'true');
	await dialog.getByLabel('Jumlah').fill('50000');
	await dialog.getByRole('button', { name: 'Terima pembayaran' }).click();
	await expect(page.getByText('Rp50.000 diterima')).toBeVisible();

	await choose(page, 'Putus');
	await dialog.getByRole('button', { name: 'Putus' }).click();
	await expect(page.getByText('Diputus', { exact: true }).first()).toBeVisible();
	await page.getByRole('button', { name: 'Nyalakan' }).click();
	await dialog.getByRole('button', { name: 'Nyalakan' }).click();
	await expect(page.getByText('Aktif', { exact: true }).first()).toBeVisible();
	await choose(page, 'Berhenti langganan');
	await expect(dialog.getByRole('button', { name: 'Berhenti langganan' })).toBeDisabled();
	await dialog.getByLabel(/^Ketik/).fill(account);
	await dialog.getByRole('button', { name: 'Berhenti langganan' }).click();
	await expect(page.getByText('Dibatalkan', { exact: true }).first()).toBeVisible();
});

test('from anywhere to a payment by five keys, and its receipt', async ({ page, allowed }) => {
	allowed.push(/status of 404/);
	const overdue = await api<{ data: { subscription: { customer: { name: string } }; id: string }[] }>(
		'GET',
		'/api/invoices?status=overdue&per_page=1',
		await adminToken(),
	);
	const invoice = overdue.data[0]!;
	await enter(page, '/network');
	await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
	await page.keyboard.press('/');
	await expect(page.getByRole('dialog').getByRole('textbox')).toBeFocused();
	await page.keyboard.type(invoice.subscription.customer.name);
	await expect(page.getByRole('button', { name: new RegExp(invoice.subscription.customer.name) }).first()).toBeVisible();
	/* The list is drawn anew when the answer to the last letter comes, and forgets what was chosen. */
	await expect(async () => {
		await page.keyboard.press('ArrowDown');
		await page.keyboard.press('Enter');
		await expect(page.getByRole('heading', { name: invoice.subscription.customer.name, level: 1 })).toBeVisible({ timeout: 2000 });
	}).toPass();
	await expect(page.getByRole('button', { name: /^Terima pembayaran · Rp/ })).toBeVisible();
	await expect(page.getByRole('dialog')).toHaveCount(0);
	await page.keyboard.press('p');
	await expect(page.getByRole('dialog').getByLabel('Jumlah')).toBeVisible();
	await expect(page.getByRole('dialog').locator(':focus')).toHaveCount(1);
	await page.keyboard.press('Enter');
	await page.getByRole('link', { name: 'Struk' }).first().click();
	await expect(page.getByText('Bukti pembayaran')).toBeVisible();
	for (const paper of ['80 mm', 'A4', '58 mm']) await page.getByText(paper, { exact: true }).click();
	await expect(page.getByText('LUNAS')).toBeVisible();
});

test('a night that cut a line is read, and undone', async ({ page, allowed: _ }) => {
	const token = await adminToken();
	const line = await newLine('Malam Kelabu');
	const stack = (verb: string, ...words: string[]) =>
		execFileSync(resolve('../../scripts/stack'), [verb, '--dir', process.env.STACK_DIR!, '--', ...words], { stdio: 'ignore' });
	const bill = await api('POST', '/api/invoices', token, { subscription_id: line.id, kind: 'other', amount: 75000, notes: 'Kabel' });
	stack('psql', '-c', `UPDATE invoices SET due_date = due_date - 40 WHERE id = '${bill.id}'`);
	stack('exec', 'billing-cron', '--only', 'overdue,suspend');
	await enter(page, '/settings?tab=runs');
	const run = page.getByRole('table', { name: 'Proses malam' }).getByRole('row', { name: /Diputus \d/ }).first();
	await run.getByRole('link').click();
	await expect(page.getByRole('table', { name: 'Ringkasan' }).getByRole('row', { name: /^Diputus/ })).toContainText(/[1-9]/);
	await expect(page.getByRole('table', { name: 'Riwayat' }).getByRole('row', { name: /Malam Kelabu.*Diputus/ })).toBeVisible();
	const status = async () => (await api('GET', `/api/subscriptions/${line.id}`, token)).status;
	expect(await status()).toBe('suspended');
	await choose(page, 'Urungkan proses');
	const dialog = page.getByRole('dialog');
	await dialog.getByLabel(/^Ketik/).fill((await dialog.getByText(/^Ketik/).innerText()).match(/\d{4}-\d\d-\d\d/)![0]);
	await dialog.getByRole('button', { name: 'Urungkan proses' }).click();
	await expect(page.getByText(/[1-9]\d* layanan menyala kembali/)).toBeVisible();
	await expect(page.getByText('Diurungkan', { exact: true }).first()).toBeVisible();
	expect(await status()).toBe('active');
});

test('j and Enter open a row of the first list, and of no other', async ({ page, allowed: _ }) => {
	await enter(page, '/');
	const row = page.getByRole('table', { name: 'Perlu ditagih' }).getByRole('link').first();
	const to = await row.getAttribute('href');
	const seen: string[] = [];
	page.on('framenavigated', frame => seen.push(new URL(frame.url()).pathname));
	await page.keyboard.press('j');
	await page.keyboard.press('Enter');
	await expect(page).toHaveURL(url() + to);
	expect(seen).toEqual([to]);
	/* n alone makes a new customer: g n must not, too. */
	await page.keyboard.press('g');
	await page.keyboard.press('c');
	await expect(page.getByRole('button', { name: 'Pelanggan baru' })).toBeVisible();
	await page.keyboard.press('g');
	await page.keyboard.press('n');
	await expect(page).toHaveURL(/\/network$/);
	await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('a list keeps its state through open, back and reload', async ({ page, allowed: _ }) => {
	await enter(page, '/invoices');
	await page.getByLabel('Status').selectOption('paid');
	await page.getByRole('button', { name: '2', exact: true }).click();
	await expect(page).toHaveURL(/status=paid&page=2|page=2&status=paid/);
	const row = page.getByRole('table', { name: 'Tagihan' }).getByRole('row').nth(3);
	const text = await row.innerText();
	await row.click();
	await expect(page).toHaveURL(/invoices\/[0-9a-f-]+$/);
	await page.goBack();
	await expect(row).toHaveText(text, { useInnerText: true });
	await page.reload();
	await expect(page.getByLabel('Status')).toHaveValue('paid');
	await expect(row).toHaveText(text, { useInnerText: true });
	const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
	expect(csv.suggestedFilename()).toBe('tagihan.csv');
});

test('language and darkness are the person’s, and stay', async ({ page, allowed: _ }) => {
	await page.emulateMedia({ colorScheme: 'light' });
	await enter(page, '/packages');
	await page.getByRole('button', { name: 'Akun saya' }).click();
	await page.getByRole('menuitem', { name: 'English' }).click();
	await expect(page.getByRole('heading', { name: 'Packages', level: 1 })).toBeVisible();
	await page.getByRole('button', { name: 'My account' }).click();
	await page.getByRole('menuitem', { name: 'Dark' }).click();
	await page.reload();
	await expect(page.getByRole('heading', { name: 'Packages', level: 1 })).toBeVisible();
	await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
	await expect(page.locator('html')).toHaveAttribute('lang', 'en');
});

test('an expired session keeps what was typed', async ({ page, allowed }) => {
	allowed.push(/status of 401/);
	await enter(page, '/customers');
	await expect(page.getByRole('button', { name: 'Pelanggan baru' })).toBeVisible();
	await page.keyboard.press('n');
	await page.getByLabel('Nama').fill('Wayan Tetap');
	await page.evaluate(() => localStorage.setItem('auth_token', '1|gone'));
	await page.getByRole('dialog').getByRole('button', { name: 'Simpan' }).click();
	await expect(page.getByText('Sesi berakhir', { exact: true })).toBeVisible();
	await page.getByRole('textbox', { name: 'Kata sandi' }).fill('admin123');
	await page.getByRole('button', { name: 'Masuk' }).click();
	await expect(page.getByText('Sesi berakhir', { exact: true })).toBeHidden();
	await expect(page.getByLabel('Nama')).toHaveValue('Wayan Tetap');
	await page.keyboard.press('Escape');
	await expect(page.getByText('Perubahan belum disimpan')).toBeVisible();
});

test('a server that goes away and comes back', async ({ page, allowed }) => {
	allowed.push(/ERR_|Failed to (load|fetch)/);
	await enter(page, '/customers');
	await expect(page.getByRole('row').nth(3)).toBeVisible();
	await page.route('**/api/**', route => route.abort());
	await page.getByRole('navigation').getByText('Paket').click();
	await expect(page.getByText('Server tidak menjawab. Mencoba lagi')).toBeVisible();
	await page.unroute('**/api/**');
	await expect(page.getByText('Server tidak menjawab. Mencoba lagi')).toBeHidden({ timeout: 60_000 });
	await expect(page.getByText('10 Mbps').first()).toBeVisible();
	await expectFits(page, 'after the outage');
});
