/** One server for all tests: the account `ada`, the workspace `lab`, and a browser that is signed in. */

import { join } from 'node:path'

import { request } from '@playwright/test'

import { PASSWORD, cdx, end, makeWorkspace, remove, serve } from './server'

const FIRST = { 'notes/welcome.md': '# Welcome\n\nThe first note of the lab.\n' }

export default async function setup(): Promise<() => Promise<void>> {
  const made = makeWorkspace(FIRST)
  cdx(made.home, ['user', 'add', 'ada', '--email', 'ada@lab.example'], `${PASSWORD}\n`)
  const { child, url } = await serve(made)
  const context = await request.newContext({ baseURL: url })
  const signedIn = await context.post('/api/v1/users/token', { data: { username: 'ada', password: PASSWORD }, headers: { Origin: url } })
  if (!signedIn.ok()) throw new Error(`ada was not let in: ${await signedIn.text()}`)
  const state = join(made.folder, 'signed-in.json')
  await context.storageState({ path: state })
  await context.dispose()
  Object.assign(process.env, {
    CODEX_URL: url, CODEX_STORE: made.store, CODEX_MOUNT: made.mount, CODEX_HOME_OF_TEST: made.home, CODEX_STATE: state,
  })
  return async () => {
    await end(child, made.mount)
    remove(made.folder)
  }
}
