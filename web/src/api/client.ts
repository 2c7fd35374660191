/**
 * The API, typed by its description. Tokens are cookies that no script reads: a request that finds them expired has them
 * renewed and is sent once more. Knows nothing of what is shown.
 */
import createClient from 'openapi-fetch'

import type { components, paths } from './schema'
import { Failure } from './failure'

export type Schemas = components['schemas']
export type File = Schemas['File']
export type Workspace = Schemas['Workspace']
export type Notebook = Schemas['Notebook']
export type User = Schemas['User']

const BASE = '/api/v1'
const LONGEST_WAIT_S = 5

let signedOut: () => Promise<boolean> = () => Promise.resolve(false)

/** Who is asked when a session has ended: resolves once somebody has signed in again, or `false`. */
export function onSignedOut(ask: () => Promise<boolean>): void {
  signedOut = ask
}

let renewing: Promise<boolean> | undefined

/** A refresh token is good once, in all tabs together: one of them renews, the others find it done. */
export function renew(): Promise<boolean> {
  renewing ??= (async () => {
    const work = async () => {
      const me = await fetch(`${BASE}/users/me`)
      if (me.ok) return true
      return (await fetch(`${BASE}/users/token/refresh`, { method: 'POST' })).ok
    }
    try {
      return await ('locks' in navigator ? navigator.locks.request('codex-renew', work) : work())
    } catch {
      return false
    } finally {
      renewing = undefined
    }
  })()
  return renewing
}

/** `fetch`, with what expired renewed, and once more what came too fast. */
export async function send(request: Request): Promise<Response> {
  const again = request.clone()
  const more = request.clone()
  let response: Response
  try {
    response = await fetch(request)
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new Failure(0, 'offline', 'the server does not answer; it is tried again as soon as it does')
  }
  if (response.status === 401 && !new URL(request.url).pathname.startsWith(`${BASE}/users/token`)) {
    if ((await renew()) || (await signedOut())) response = await fetch(again)
  }
  if (response.status === 429) {
    const seconds = Math.min(Number(response.headers.get('retry-after') ?? 1), LONGEST_WAIT_S)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    response = await fetch(more)
  }
  return response
}

export const api = createClient<paths>({ baseUrl: '/', fetch: send })

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** What was asked for, or the server's refusal as a [`Failure`]. */
export async function ask<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer
  if (!response.ok) throw Failure.of(response.status, error)
  return data as T
}

/** Where the bytes of a file are. */
export function contentUrl(workspace: string, notebook: number | string, id: number, download = false): string {
  const url = `${BASE}/workspaces/${workspace}/notebooks/${notebook}/files/${id}/content`
  return download ? `${url}?download=1` : url
}

/** Where the bytes of a file are, by its path. */
export function contentUrlOf(workspace: string, notebook: number | string, path: string): string {
  const parts = path.split('/').map(encodeURIComponent).join('/')
  return `${BASE}/workspaces/${workspace}/notebooks/${notebook}/files/path/${parts}?as=content`
}
