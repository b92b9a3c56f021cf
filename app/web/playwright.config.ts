import { defineConfig } from '@playwright/test';

/* The console in Debian's Chromium, on a stack of its own (test/stack.ts).  Nothing is downloaded. */
const args =
	'--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
		' ',
	);

export default defineConfig({
	testDir: 'test',
	globalSetup: './test/stack.ts',
	outputDir: process.env.OUT ?? '../../build/web-test',
	timeout: 60_000,
	expect: { timeout: 15_000 },
	workers: 1,
	reporter: 'line',
	use: {
		actionTimeout: 10_000,
		locale: 'id-ID',
		timezoneId: 'Asia/Jakarta',
		launchOptions: { executablePath: '/usr/bin/chromium', args },
	},
});
