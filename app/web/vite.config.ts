import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { weight } from './weight';

/* The console.  Its size is held down by one chunk for each library that all screens share. */
export default defineConfig({
	root: 'console',
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
