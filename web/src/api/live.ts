/**
 * One socket of the page: what changes in a workspace, in order and without gaps. After a break it asks for what came
 * since; where nobody knows that, whoever listens is told to read everything anew.
 */
import { ref, watch } from 'vue'

import { renew } from './client'

export interface FileChange {
  type: 'file_change'
  workspace_id: number
  notebook_id: number
  event_type: 'created' | 'modified' | 'deleted' | 'moved'
  path: string
  old_path: string | null
  file_id: number
  ref: string
  actor: string
  seq: number
}

export interface ViewChange {
  type: 'view_change'
  view: string
  seq: number
}

export interface Indexing {
  type: 'indexing'
  notebook_id: number
  status: 'in_progress' | 'completed'
  done: number
  total: number | null
}

export interface Resync {
  type: 'resync'
  workspace_id?: number
  views?: string[]
  seq: number
}

export type LiveEvent = FileChange | ViewChange | Indexing | Resync
type Message = LiveEvent | { type: 'connected' | 'subscribed'; seq: number } | { type: 'pong' } | { type: 'error'; detail: string }
type Listener = (event: LiveEvent) => void

const FIRST_PAUSE_MS = 400
const LONGEST_PAUSE_MS = 8000
const PING_EVERY_MS = 20_000
const SIGN_IN_AGAIN = 4401

/** `open` once subscribed; `lost` while the server does not answer. */
export const liveState = ref<'idle' | 'opening' | 'open' | 'lost'>('idle')

const listeners = new Set<Listener>()
let socket: WebSocket | undefined
let workspace: number | undefined
let views: string[] = []
let seen: number | undefined
let pause = FIRST_PAUSE_MS
let timer: ReturnType<typeof setTimeout> | undefined
let pinging: ReturnType<typeof setInterval> | undefined

/** Hears events from now on; the answer ends that. */
export function listen(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Follows a workspace instead of the one before. */
export function follow(id: number): void {
  if (workspace === id && socket) return
  workspace = id
  seen = undefined
  views = []
  connect()
}

/** Also hears of these views (`<notebook id>:<file id>`). */
export function followViews(refs: string[]): void {
  views = refs
  subscribe()
}

export function stopLive(): void {
  workspace = undefined
  end()
  liveState.value = 'idle'
}

/** Tries at once what would be tried later. */
export function reconnectNow(): void {
  if (workspace !== undefined && liveState.value === 'lost') connect()
}

function end(): void {
  clearTimeout(timer)
  clearInterval(pinging)
  const old = socket
  socket = undefined
  old?.close()
}

function connect(): void {
  end()
  if (liveState.value !== 'lost') liveState.value = 'opening'
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
  const made = new WebSocket(`${scheme}//${location.host}/api/v1/ws`)
  socket = made
  made.onopen = () => subscribe()
  made.onmessage = (message) => {
    if (made === socket) take(JSON.parse(String(message.data)) as Message)
  }
  made.onclose = (event) => {
    if (made === socket) void retry(event.code === SIGN_IN_AGAIN)
  }
  pinging = setInterval(() => {
    if (made.readyState === WebSocket.OPEN) made.send('{"type":"ping"}')
  }, PING_EVERY_MS)
}

function subscribe(): void {
  if (socket?.readyState !== WebSocket.OPEN || workspace === undefined) return
  const wanted = { workspace, views, ...(seen === undefined ? {} : { since: seen }) }
  socket.send(JSON.stringify({ subscribe: wanted }))
}

function take(message: Message): void {
  switch (message.type) {
    case 'connected':
    case 'pong':
      return
    case 'subscribed':
      seen ??= message.seq
      pause = FIRST_PAUSE_MS
      liveState.value = 'open'
      return
    case 'error':
      console.warn(`live events: ${message.detail}`)
      return
    default:
      if ('seq' in message) seen = Math.max(seen ?? 0, message.seq)
      for (const listener of listeners) listener(message)
  }
}

/** A handshake that is refused is told from a server that is away by nobody: the session is renewed in case it was that. */
async function retry(isSessionOver: boolean): Promise<void> {
  const wasOpen = liveState.value === 'open'
  liveState.value = 'lost'
  socket = undefined
  clearInterval(pinging)
  if (isSessionOver || !wasOpen) await renew()
  if (workspace === undefined) return
  timer = setTimeout(connect, pause)
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
}

/** Resolves once changes are heard of, so that what is read after that is complete; after a second in any case. */
export function heard(): Promise<void> {
  if (liveState.value === 'open') return Promise.resolve()
  return new Promise((resolve) => {
    const stop = watch(liveState, (state) => {
      if (state === 'open' || state === 'lost') done()
    })
    const late = setTimeout(done, 1000)
    function done(): void {
      stop()
      clearTimeout(late)
      resolve()
    }
  })
}
