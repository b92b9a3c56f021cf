/* Load a part that is needed soon, once the screen stands. */
export function whenIdle(load: () => Promise<unknown>) {
	const quietly = () => void load().catch(() => {});
	if ('requestIdleCallback' in window) requestIdleCallback(quietly, { timeout: 3000 });
	else setTimeout(quietly, 1500);
}
