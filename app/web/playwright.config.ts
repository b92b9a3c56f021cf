import { cpus } from 'node:os';
import { defineConfig } from '@playwright/test';

/* The console and the pay page in Debian's Chromium, on a stack of its own (test/stack.ts).  Nothing is
 * downloaded. */
const args =
	'--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
		' ',
	);
/* Chromium makes two pages of its own address bar's list for every window, which nobody sees here: half of what a story's
 * window costs.  The last --disable-features counts, so the features that Playwright switches off stand here again. */
const off =
	'AvoidUnnecessaryBeforeUnloadCheckSync BoundaryEventDispatchTracksNodeRemoval DestroyProfileOnBrowserClose DialMediaRouteProvider GlobalMediaControls HttpsUpgrades LensOverlay MediaRouter OptimizationHints PaintHolding RenderDocument ThirdPartyStoragePartitioning Translate AutoDeElevate WebUIOmniboxPopup WebUIOmniboxAimPopup'.split(
		' ',
	);
args.push(`--disable-features=${off.join(',')}`);

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
		/* A click on something that still slides in may be released beside it, and is lost. */
		contextOptions: { reducedMotion: 'reduce' },
		launchOptions: { executablePath: '/usr/bin/chromium', args },
	},
});
