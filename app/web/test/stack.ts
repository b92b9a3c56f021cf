/* One system for all stories: the demonstration town, brought up before and taken down after.
 * STACK_URL names one that runs already.  The words of `up`
 * stand in STACK_URL, STACK_DIR, STACK_SIM_CONTROL, STACK_SIM_MIDTRANS_CONTROL. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/* npm runs this in app/web. */
const stack = resolve('../../scripts/stack');

export default function up() {
	if (process.env.STACK_URL) return;
	const dir = mkdtempSync(join(tmpdir(), 'isp-web-'));
	const env = { ...process.env, ISP_STACK_FAST: '1' };
	const run = (...words: string[]) => execFileSync(stack, [...words, '--dir', dir], { env, encoding: 'utf8' });
	const said = run('up', '--port', '0', '--demo', '--without', 'timers');
	for (const [, name, value] of said.matchAll(/(\w+)=(\S+)/g)) process.env[`STACK_${name!.toUpperCase()}`] = value;
	/* A night stands in the list of runs, and what it did in its report. */
	execFileSync(stack, ['exec', '--dir', dir, '--', 'billing-cron', '--only', 'renew,overdue'], { env, stdio: 'ignore' });
	return () => {
		run('down');
		rmSync(dir, { recursive: true });
	};
}
