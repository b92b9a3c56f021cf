import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/* The console.  Its size is held down by one chunk for each library that all screens share. */
export default defineConfig({
	root: 'console',
	plugins: [react()],
	server: { proxy: { '/api': process.env.API ?? 'http://127.0.0.1:8080' } },
	build: {
		outDir: '../dist',
		emptyOutDir: true,
		target: 'es2022',
		assetsInlineLimit: 0,
		reportCompressedSize: false,
		rollupOptions: {
			output: {
				manualChunks: {
					react: ['react', 'react-dom', 'react-dom/client', 'scheduler'],
					ui: ['@mantine/core', '@mantine/hooks', '@mantine/form', '@mantine/spotlight'],
					data: ['@tanstack/react-query', '@tanstack/react-router'],
				},
			},
		},
	},
});
