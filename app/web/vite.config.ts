import { readFileSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { weight } from './weight';

/* Addresses of this API that some screens need: the console is built without those it has not. */
const schema = readFileSync('console/src/api/schema.d.ts', 'utf8');
const has = (path: string) => schema.includes(`"${path}"`);
const HAS = {
	imports: has('/api/import/customers'),
	reports: has('/api/reports/revenue'),
	pdf: has('/api/invoices/{id}/pdf'),
	statement: has('/api/customers/{id}/statement'),
	bulk: has('/api/invoices/bulk'),
};

/* The console.  Its size is held down by one chunk for each library that all screens share. */
export default defineConfig({
	root: 'console',
	define: { __HAS__: JSON.stringify(HAS) },
	plugins: [react(), weight()],
	server: { proxy: { '/api': process.env.API ?? 'http://127.0.0.1:8080' } },
	build: {
		outDir: '../dist',
		emptyOutDir: true,
		target: 'es2022',
		assetsInlineLimit: 0,
		reportCompressedSize: false,
		rollupOptions: {
			output: {
				experimentalMinChunkSize: 2_500,
				manualChunks: {
					react: ['react', 'react-dom', 'react-dom/client', 'scheduler'],
				},
			},
		},
	},
});
