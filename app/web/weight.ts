/*
 * The weight of the console, held at its build: what the first look at Beranda loads, and what each
 * screen then adds, gzipped.  Charts, dialogs and the palette come later, when they are needed.
 */
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const FIRST_KB = 270;
const SCREEN_KB = 30;
const FIRST = ['console/src/main.tsx', 'i18n/id.ts', 'shell/shell.tsx', 'screens/home/home.tsx'];

type File = {
	type: string;
	fileName: string;
	code?: string;
	source?: string | Uint8Array;
	moduleIds?: string[];
	imports?: string[];
	viteMetadata?: { importedCss: Set<string> };
};

export function weight(): Plugin {
	return {
		name: 'weight',
		enforce: 'post',
		generateBundle(_options, bundle) {
			const files = bundle as unknown as Record<string, File>;
			const isOf = (f: File, end: string) => f.moduleIds?.some(id => id.endsWith(end)) ?? false;
			const home = (end: string) => {
				const found = Object.values(files).find(f => isOf(f, end));
				if (!found) this.error(`weight: no chunk holds ${end}`);
				return found.fileName;
			};
			const with_ = (names: string[], seen = new Set<string>()) => {
				for (const name of names)
					if (!seen.has(name)) {
						seen.add(name);
						const f = files[name];
						with_([...(f?.imports ?? []), ...(f?.viteMetadata?.importedCss ?? [])], seen);
					}
				return seen;
			};
			const weigh = (names: Iterable<string>) =>
				[...names].reduce((sum, name) => {
					const f = files[name];
					return sum + gzipSync(f?.code ?? f?.source ?? '', { level: 9 }).length / 1000;
				}, 0);
			const first = with_(FIRST.map(home));
			const sum = weigh(first);
			if (sum > FIRST_KB)
				this.error(`weight: the first load is ${sum.toFixed(1)} kB gzipped, over ${FIRST_KB}`);
			const screens = Object.values(files)
				.flatMap(f => f.moduleIds ?? [])
				.filter(id => /\/screens\/(\w+)\/\w+\.tsx$/.test(id));
			const heavy = screens
				.map(id => [id, weigh([...with_([home(id)])].filter(n => !first.has(n)))] as const)
				.filter(([, kb]) => kb > SCREEN_KB)
				.map(([id, kb]) => `${id.replace(/.*screens/, 'screens')} ${kb.toFixed(1)}`);
			if (heavy.length > 0) this.error(`weight: over ${SCREEN_KB} kB gzipped: ${heavy.join(', ')}`);
			if (process.env.WEIGHT) this.info(`weight: first load ${sum.toFixed(1)} kB gzipped`);
		},
	};
}
