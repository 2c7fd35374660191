// How much a first visit loads: the page, and what it needs to show a workspace's start page. Fails above the target.
import { readFileSync, statSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const LIMIT = 300 * 1024
const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'))

function gzipped(file) {
  try {
    return statSync(new URL(`${file}.gz`, dist)).size
  } catch {
    return gzipSync(readFileSync(new URL(file, dist))).length
  }
}

/** A chunk with all that it imports at once. */
function withImports(key, found = new Set()) {
  if (found.has(key)) return found
  found.add(key)
  for (const imported of manifest[key].imports ?? []) withImports(imported, found)
  return found
}

function load(entries) {
  const files = new Set(['index.html'])
  for (const entry of entries) {
    for (const key of withImports(entry)) {
      files.add(manifest[key].file)
      for (const css of manifest[key].css ?? []) files.add(css)
    }
  }
  return files
}

const sum = (files) => [...files].reduce((total, file) => total + gzipped(file), 0)
const START = ['index.html', 'src/shell/WorkspaceShell.vue', 'src/shell/HomePage.vue']
const first = load(START)
const note = load([...START, 'src/shell/PlacePage.vue', 'src/editor/NotePage.vue', 'src/editor/live/index.ts'])

const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`
console.log(`first load ${kb(sum(first))} gzip of ${first.size} files (at most ${kb(LIMIT)}); with an open note ${kb(sum(note))}`)
const heavy = [...first].filter((file) => /katex|mermaid|codemirror|lang-|NotePage/i.test(file))
if (heavy.length > 0) {
  console.error(`loaded too early: ${heavy.join(', ')}`)
  process.exit(1)
}
if (sum(first) > LIMIT) {
  for (const file of [...first].sort((a, b) => gzipped(b) - gzipped(a))) console.error(`  ${kb(gzipped(file))}  ${file}`)
  process.exit(1)
}
