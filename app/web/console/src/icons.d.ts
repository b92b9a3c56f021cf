declare module '@tabler/icons-react/dist/esm/icons/*.mjs' {
	import type { Icon } from '@tabler/icons-react';

	const icon: Icon;
	export default icon;
}

/* The optional addresses that the API has; vite.config.ts fills it in. */
declare const __HAS__: Record<'imports' | 'reports' | 'pdf' | 'statement' | 'bulk', boolean>;
