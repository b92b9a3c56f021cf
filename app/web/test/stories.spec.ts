/* Operators' daily work, through the screens. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { adminToken, api, choose, enter, expect, expectFits, firstBill, newLine, pictures, test, url } from './walk';

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
	const dataOf: Record<string, Locator> = {
		'/': page.getByRole('table', { name: 'Perlu ditagih' }).getByRole('link').first(),
		'/customers': page.getByRole('table', { name: 'Pelanggan' }).getByRole('link').first(),
		'/subscriptions': page.getByRole('table', { name: 'Langganan' }).getByRole('link').first(),
		'/packages': page.getByRole('table', { name: 'Paket' }).getByRole('row', { name: /10 Mbps/ }).first(),
		'/network?tab=maintenance': page.getByRole('tabpanel').getByText(/Belum ada jadwal|Selesai/).first(),
		'/settings': page.getByLabel('Siklus'),
	};
	/* An answer of 403 is an error in the browser's console, at which the story fails. */
	for (const path of [...Object.keys(dataOf), ...ones]) {
		await page.goto(url() + path);
		await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
		if (dataOf[path]) await expect(dataOf[path]).toBeVisible();
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
	/* Enter comes before the answer to the last letter: it opens the first of that one. */
	await page.keyboard.type(invoice.subscription.customer.name);
	await page.keyboard.press('Enter');
	await expect(page.getByRole('heading', { name: invoice.subscription.customer.name, level: 1 })).toBeVisible();
	await expect(page.getByRole('button', { name: /^Terima pembayaran · Rp/ })).toBeVisible();
	await expect(page.getByRole('dialog')).toHaveCount(0);
	await page.keyboard.press('p');
	await expect(page.getByRole('dialog').getByLabel('Jumlah')).toBeVisible();
	await expect(page.getByRole('dialog').locator(':focus')).toHaveCount(1);
	await page.keyboard.press('Enter');
	await page.getByRole('link', { name: 'Struk' }).first().click();
	await expect(page).toHaveURL(/receipt/);
	await expect(page.getByText('Bukti pembayaran')).toBeVisible();
	for (const paper of ['80 mm', 'A4', '58 mm']) await page.getByText(paper, { exact: true }).click();
	await expect(page.getByText('LUNAS')).toBeVisible();
});

const stack = (verb: string, ...words: string[]) =>
	execFileSync(resolve('../../scripts/stack'), [verb, '--dir', process.env.STACK_DIR!, '--', ...words], { stdio: 'ignore' });

/* A line with a bill that is 40 days late. */
async function lateLine(name: string) {
	const line = await newLine(name);
	const other = { subscription_id: line.id, kind: 'other', amount: 75000, notes: 'Kabel' };
	const bill = await api('POST', '/api/invoices', await adminToken(), other);
	stack('psql', '-c', `UPDATE invoices SET due_date = due_date - 40 WHERE id = '${bill.id}'`);
	return line;
}

/* The program exits with 1 where it left a line as it was. */
function night() {
	try {
		stack('exec', 'billing-cron', '--only', 'overdue,suspend');
	} catch (error) {
		expect((error as { status: number }).status).toBe(1);
	}
}

const statusOf = async (line: { id: string }) =>
	(await api('GET', `/api/subscriptions/${line.id}`, await adminToken())).status;

async function undo(page: Page) {
	await choose(page, 'Urungkan proses');
	const dialog = page.getByRole('dialog');
	await dialog.getByLabel(/^Ketik/).fill((await dialog.getByText(/^Ketik/).innerText()).match(/\d{4}-\d\d-\d\d/)![0]);
	await dialog.getByRole('button', { name: 'Urungkan proses' }).click();
	await expect(page.getByText(/[1-9]\d* layanan menyala kembali/)).toBeVisible();
	await expect(page.getByText('Diurungkan', { exact: true }).first()).toBeVisible();
}

const GO_ON = 'Matikan walau melebihi batas';

test('a night that cut a line is read, and undone', async ({ page, allowed: _ }) => {
	const line = await lateLine('Malam Kelabu');
	night();
	await enter(page, '/settings?tab=runs');
	const run = page.getByRole('table', { name: 'Proses malam' }).getByRole('row', { name: /Diputus \d/ }).first();
	await run.getByRole('link').click();
	await expect(page.getByRole('table', { name: 'Ringkasan' }).getByRole('row', { name: /^Diputus/ })).toContainText(/[1-9]/);
	await expect(page.getByRole('table', { name: 'Riwayat' }).getByRole('row', { name: /Malam Kelabu.*Diputus/ })).toBeVisible();
	expect(await statusOf(line)).toBe('suspended');
	await undo(page);
	expect(await statusOf(line)).toBe('active');
});

/* A night that would cut more than its bound cuts nobody, and says so: the click of an admin, who types how many,
 * lets it go on. */
test('a night over its limit cuts nobody until an admin says so', async ({ page, allowed: _ }) => {
	const token = await adminToken();
	const line = await lateLine('Batas Semalam');
	const { suspend_guard } = await api('GET', '/api/settings', token);
	await api('PUT', '/api/settings', token, { suspend_guard: 0 });
	try {
		night();
		expect(await statusOf(line), 'nobody is cut').toBe('active');
		await enter(page, '/settings?tab=runs');
		const runs = page.getByRole('table', { name: 'Proses malam' });
		const over = runs.getByRole('row', { name: /Diputus 0 \(melebihi batas \d+\)/ }).first();
		await expect(over).not.toContainText('Tidak ada yang perlu dikerjakan');
		await over.getByRole('link').click();
		await expect(page.getByText('Melebihi batas', { exact: true }).first()).toBeVisible();
		const run = page.url();
		await pictures(page, 'story/run');

		await choose(page, GO_ON);
		const dialog = page.getByRole('dialog');
		await expect(dialog.getByRole('row', { name: /Batas Semalam/ })).toBeVisible();
		await pictures(page, 'story/over_the_limit');
		await expect(dialog.getByRole('button', { name: GO_ON })).toBeDisabled();
		const many = (await dialog.getByText(/^Ketik/).innerText()).match(/\d+/)![0];
		await dialog.getByLabel(/^Ketik/).fill(many);
		await dialog.getByRole('button', { name: GO_ON }).click();
		await expect(page.getByText(`${many} layanan dimatikan`)).toBeVisible();
		expect(await statusOf(line)).toBe('suspended');

		await page.goto(`${url()}/settings?tab=runs`);
		await runs
			.getByRole('row', { name: new RegExp(`Diputus ${many}\\b`) })
			.first()
			.getByRole('link')
			.click();
		await undo(page);
		expect(await statusOf(line)).toBe('active');

		const email = `operator-${Date.now()}@example.com`;
		const operator = { name: 'Operator', email, password: 'secret-operator', role: 'operator' };
		await api('POST', '/api/users', token, operator);
		const { token: theirs } = await api<{ token: string }>('POST', '/api/login', undefined, operator);
		await page.evaluate(t => localStorage.setItem('auth_token', t), theirs);
		await page.goto(run);
		await expect(page.getByText('Melebihi batas', { exact: true }).first()).toBeVisible();
		await expect(page.getByRole('button', { name: 'Lainnya', exact: true })).toHaveCount(0);
	} finally {
		await api('PUT', '/api/settings', token, { suspend_guard });
	}
});

/* The preview of an act arrives while the button is pressed: the button moved away, and the click was lost. */
test('a button that is pressed stays where it is', async ({ page, allowed: _ }) => {
	const bill = await firstBill(await newLine('Jari Cepat'));
	let answer = () => {};
	const asked = new Promise<void>(done => {
		answer = done;
	});
	await page.route('**/mark-paid', route => asked.then(() => route.continue()));
	await enter(page, `/invoices/${bill.id}`);
	const sent = page.waitForRequest('**/mark-paid');
	await page.getByRole('button', { name: /^Terima pembayaran/ }).click();
	await sent;
	await page.getByRole('dialog').getByRole('button', { name: 'Terima pembayaran' }).hover();
	await page.mouse.down();
	const preview = page.waitForResponse('**/mark-paid');
	answer();
	await (await preview).finished();
	await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
	await page.mouse.up();
	await expect(page.getByText('Rp150.000 diterima')).toBeVisible();
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
	const table = page.getByRole('table', { name: 'Tagihan' });
	await page.getByLabel('Status').selectOption('paid');
	await expect(table.getByText('Lunas', { exact: true })).toHaveCount(20);
	await page.getByRole('button', { name: '2', exact: true }).click();
	await expect(page).toHaveURL(/status=paid&page=2|page=2&status=paid/);
	/* The rows of page 1 stand until those of page 2 are here. */
	await expect(page.getByText(/^21–40 dari/)).toBeVisible();
	const row = table.getByRole('row').nth(3);
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

test('the keys are shown, and news that come early wait for their part', async ({ page, allowed: _ }) => {
	await page.context().grantPermissions(['clipboard-write']);
	let release = () => {};
	const held = new Promise<void>(done => {
		release = done;
	});
	const asked = page.waitForRequest(/\/assets\/news-[^/]*\.js$/);
	await page.route(/\/assets\/news-[^/]*\.js$/, async route => {
		await held;
		await route.continue();
	});
	await enter(page, '/invoices?open=1');
	const account = page.getByRole('button', { name: 'Akun saya' });
	await account.click();
	await page.getByRole('menuitem', { name: 'Tombol pintas' }).click();
	const keys = page.getByRole('dialog', { name: 'Tombol pintas' });
	await expect(keys).toBeVisible();
	await page.keyboard.press('Escape');
	await expect(keys).toHaveCount(0);
	await page.keyboard.press('Shift+?');
	await expect(keys).toBeVisible();
	await page.keyboard.press('Escape');
	await expect(keys).toHaveCount(0);

	await asked;
	await page.getByRole('button', { name: /^Lainnya: INV-/ }).first().click();
	await page.getByRole('menuitem', { name: 'Salin tautan bayar' }).click();
	await expect(page.getByRole('menuitem')).toHaveCount(0);
	await expect(page.getByText('Disalin')).toHaveCount(0);
	release();
	await expect(page.getByText('Disalin')).toBeVisible();
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
	/* At once: a read that polls would meet the end of the session before the click. */
	await page
		.getByRole('dialog')
		.getByRole('button', { name: 'Simpan' })
		.evaluate((button: HTMLElement) => {
			localStorage.setItem('auth_token', '1|gone');
			button.click();
		});
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
