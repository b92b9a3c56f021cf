declare module '@tabler/icons-react/dist/esm/icons/*.mjs' {
	import type { Icon } from '@tabler/icons-react';

	const icon: Icon;
	export default icon;
}

/* Which optional addresses the API has: vite.config.ts. */
declare const __HAS__: Record<'imports' | 'reports' | 'pdf' | 'statement' | 'bulk', boolean>;
