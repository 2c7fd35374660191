import { gzipSync } from 'node:zlib'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const out = fileURLToPath(new URL('./dist', import.meta.url))

/** The server sends what is compressed here and compresses nothing itself. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const folder of [out, join(out, 'assets')]) {
        mkdirSync(folder, { recursive: true })
        for (const name of readdirSync(folder)) {
          if (!/\.(js|css|html|svg)$/.test(name)) continue
          const bytes = readFileSync(join(folder, name))
          if (bytes.length > 1024) writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }))
        }
      }
      // The build emptied the folder, which git keeps for cargo's sake.
      const note = '# What `make web` builds stays out of git; the folder is here so that cargo finds it.\n*\n!.gitignore\n'
      writeFileSync(join(out, '.gitignore'), note)
    },
  }
}

export default defineConfig({
  plugins: [vue(), compressed()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  build: { target: 'es2022', outDir: out, manifest: true, chunkSizeWarningLimit: 1500, assetsInlineLimit: 0, reportCompressedSize: false },
  // `npm run dev` beside a server on its usual port.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8765', ws: true } } },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'], restoreMocks: true },
})
