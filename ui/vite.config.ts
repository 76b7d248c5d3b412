import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const server = process.env['SIGHTLOOP_URL'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: { $: fileURLToPath(new URL('./src', import.meta.url)) },
    // Vitest would otherwise take Svelte's server build.
    conditions: process.env['VITEST'] ? ['browser'] : undefined,
  },
  build: {
    outDir: '../sightloop/web/static/app',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': { target: server, changeOrigin: false }, '/docs': server, '/static': server } },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'] },
});
