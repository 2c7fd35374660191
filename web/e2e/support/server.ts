/** `cdx serve` on a workspace of its own, with a mount. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const CDX = process.env.CODEX_BIN ?? fileURLToPath(new URL('../../../target/debug/cdx', import.meta.url))
export const PASSWORD = 'correct horse battery'

export interface Served {
  url: string
  folder: string
  store: string
  mount: string
  home: string
  pid: number
}

export function cdx(home: string, args: string[], input = ''): string {
  return execFileSync(CDX, [...args, '--home', home], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
}

/** A folder with a workspace `lab` in it, of the files that are given. */
export function makeWorkspace(files: Record<string, string | Buffer>): { folder: string; home: string; store: string; mount: string } {
  const folder = mkdtempSync(join(tmpdir(), 'codex-web-'))
  const [home, store, mount] = ['home', 'lab', 'mnt'].map((name) => join(folder, name)) as [string, string, string]
  mkdirSync(mount)
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(store, path)), { recursive: true })
    writeFileSync(join(store, path), content)
  }
  cdx(home, ['init', store, '--name', 'lab'])
  return { folder, home, store, mount }
}

/** Starts it; resolves once it listens. */
export async function serve(at: { home: string; mount?: string }, listen = '127.0.0.1:0'): Promise<{ child: ChildProcess; url: string; said: string }> {
  const args = ['serve', '--listen', listen, '--home', at.home, ...(at.mount ? ['--mount', `lab=${at.mount}`] : [])]
  const child = spawn(CDX, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`cdx serve did not begin: ${said}`)), 30_000)
    const hear = (text: Buffer) => {
      said += text.toString()
      const url = /listening on (\S+)/.exec(said)?.[1]
      if (!url) return
      clearTimeout(late)
      resolve({ child, url, said })
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('exit', (code) => reject(new Error(`cdx serve ended (${String(code)}): ${said}`)))
  })
}

/** Ends it and takes its mount away, whatever it takes. */
export async function end(child: ChildProcess, mount?: string): Promise<void> {
  if (child.exitCode === null) {
    const ended = new Promise((resolve) => child.on('exit', resolve))
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(late)
  }
  if (mount) {
    try {
      execFileSync('umount', ['-l', mount], { stdio: 'ignore' })
    } catch {
      // It was unmounted by the server.
    }
  }
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
