import { cpus } from 'node:os';
import { defineConfig } from '@playwright/test';

/* The console and the pay page in Debian's Chromium, on a stack of its own (test/stack.ts).  Nothing is
 * downloaded. */
const args =
	'--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
		' ',
	);

export default defineConfig({
	testDir: 'test',
	globalSetup: './test/stack.ts',
	outputDir: process.env.OUT ?? '../../build/web-test',
	timeout: 240_000,
	expect: { timeout: 40_000 },
	/* Files side by side, the stories of a file in their order. */
	workers: Math.min(2, cpus().length),
	reporter: 'list',
	projects: [
		{ name: 'console', testIgnore: 'pay.spec.ts' },
		{ name: 'pay', testMatch: 'pay.spec.ts', timeout: 120_000 },
	],
	use: {
		actionTimeout: 40_000,
		locale: 'id-ID',
		timezoneId: 'Asia/Jakarta',
		launchOptions: { executablePath: '/usr/bin/chromium', args },
	},
});
