/**
 * A text file that is open: what the server has, what the editor has, and how the one becomes the other. Saves name the
 * hash that they started from; where somebody else was faster, both texts are put together, and where they differ in the
 * same lines nothing is saved until somebody has decided. Knows the editor only as something that holds text.
 */
import { computed, ref, shallowRef } from 'vue'

import { api, ask } from '@/api/client'
import type { Schemas } from '@/api/client'
import { Failure, sentence } from '@/api/failure'
import type { LiveEvent } from '@/api/live'

import { beginDraft, draftsOf, dropDraft, dropDrafts, endDraft, keepDraft } from './drafts'
import type { Draft } from './drafts'
import { merge, mergedCleanly } from './merge'

/** What holds the text that is typed. */
export interface TextHolder {
  text: () => string
  /** Replaces it, keeping cursors where they are. */
  set: (text: string) => void
}

export interface Place {
  workspace: string
  notebook: number
  /** May change while it is open. */
  path: () => string
  id: () => number
  /** The name among drafts. */
  draft: () => string
}

export interface Clash {
  base: string
  mine: string
  theirs: string
  hash: string
}

export type SaveState = 'saved' | 'unsaved' | 'saving' | 'failed' | 'clash' | 'gone'

const SAVE_AFTER_MS = 700
const KEEP_AFTER_MS = 250
const TRY_AGAIN_MS = 4000
const FILES = '/api/v1/workspaces/{ws}/notebooks/{nb}/files'

interface Version {
  text: string
  hash: string
}

export function useDocument(place: Place, canWrite: () => boolean) {
  const base = shallowRef<Version | null>(null)
  const state = ref<SaveState>('saved')
  const fault = ref('')
  const clash = shallowRef<Clash | null>(null)
  const found = shallowRef<Draft[]>([])
  const isDirty = computed(() => state.value !== 'saved')
  const draft = beginDraft()
  let id = place.id()
  let holder: TextHolder | undefined
  let saving: ReturnType<typeof setTimeout> | undefined
  let keeping: ReturnType<typeof setTimeout> | undefined
  let isSending = false
  let running: Promise<void> | undefined
  /** How often something was saved: what was read before is older than what was written. */
  let saves = 0
  let isBehind = false
  let isClosed = false

  /** Asked anew after each wait. */
  const isBusy = () => isSending

  function params() {
    return { path: { ws: place.workspace, nb: String(place.notebook), file_id: id } }
  }

  async function read(): Promise<Version> {
    try {
      const { raw, hash } = await ask(api.GET(`${FILES}/{file_id}/text`, { params: params() }))
      return { text: raw, hash }
    } catch (cause) {
      if (!(cause instanceof Failure) || cause.status !== 404) throw cause
      // Its place may have been taken by another file of its name: editors save that way.
      const path = { ws: place.workspace, nb: String(place.notebook), path: place.path() }
      const found = await ask(api.GET(`${FILES}/path/{path}`, { params: { path, query: { as: 'text' } } }))
      const { id: newId, raw, hash } = found as Schemas['TextOut']
      id = newId
      return { text: raw, hash }
    }
  }

  /** The text to begin with. */
  async function open(): Promise<string> {
    const version = await read()
    base.value = version
    found.value = await draftsOf(place.draft()).catch(() => [])
    // What a draft holds and the server has already needs nobody's attention.
    const stale = found.value.filter((draft) => draft.text === version.text)
    if (stale.length > 0) await dropDrafts(stale)
    found.value = found.value.filter((draft) => draft.text !== version.text)
    return version.text
  }

  function attach(text: TextHolder): void {
    holder = text
  }

  /** Somebody typed. */
  function typed(): void {
    if (state.value === 'saved' || state.value === 'failed') state.value = 'unsaved'
    clearTimeout(keeping)
    keeping = setTimeout(() => void keep(), KEEP_AFTER_MS)
    schedule(SAVE_AFTER_MS)
  }

  function schedule(after: number): void {
    if (isClosed || state.value === 'clash' || state.value === 'gone') return
    clearTimeout(saving)
    saving = setTimeout(() => void save(), after)
  }

  async function keep(): Promise<void> {
    if (!holder || !base.value) return
    const text = holder.text()
    try {
      if (text === base.value.text) await dropDraft(draft)
      else await keepDraft(draft, place.draft(), text, base.value)
    } catch (cause) {
      // Without room in the browser there is still the server.
      console.warn('the draft was not kept', cause)
    }
  }

  function save(): Promise<void> {
    running ??= send().finally(() => (running = undefined))
    return running
  }

  async function send(): Promise<void> {
    clearTimeout(saving)
    if (!holder || !base.value || isSending || !canWrite() || state.value === 'clash' || state.value === 'gone') return
    const text = holder.text()
    if (text === base.value.text) return settle()
    isSending = true
    state.value = 'saving'
    const from = base.value
    try {
      const body = { raw: text, expected_hash: from.hash }
      const file = await ask(api.PUT(`${FILES}/{file_id}`, { params: params(), body }))
      base.value = { text, hash: file.hash ?? from.hash }
      saves++
      fault.value = ''
      isSending = false
      if (holder.text() === text) settle()
      else {
        state.value = 'unsaved'
        schedule(SAVE_AFTER_MS)
      }
      if (isBehind) await refresh()
    } catch (cause) {
      isSending = false
      await failed(cause)
    }
  }

  function settle(): void {
    state.value = 'saved'
    fault.value = ''
    clearTimeout(keeping)
    dropDraft(draft).catch((cause: unknown) => console.warn('a draft stays', cause))
  }

  async function failed(cause: unknown): Promise<void> {
    await keep()
    if (cause instanceof Failure && (cause.status === 412 || cause.status === 404)) return refresh()
    state.value = 'failed'
    fault.value = sentence(cause)
    const isRefused = cause instanceof Failure && cause.status >= 400 && cause.status < 500 && cause.status !== 429
    if (!isRefused) schedule(TRY_AGAIN_MS)
  }

  /** Reads what the server has, and puts it together with what was typed. */
  async function refresh(): Promise<void> {
    isBehind = isSending
    if (isSending || !base.value) return
    const known = saves
    let theirs: Version
    try {
      theirs = await read()
    } catch (cause) {
      if (cause instanceof Failure && cause.status === 404) state.value = 'gone'
      else if (isDirty.value) await failed(cause)
      return
    }
    if (isBusy()) return void (isBehind = true)
    if (known !== saves) return refresh()
    if (state.value === 'gone') state.value = 'unsaved'
    if (theirs.hash !== base.value.hash) take(theirs)
    else if (isDirty.value) schedule(SAVE_AFTER_MS)
  }

  function take(theirs: Version): void {
    if (!holder || !base.value) return void (base.value = theirs)
    const mine = holder.text()
    const from = clash.value?.base ?? base.value.text
    if (mine === from || mine === theirs.text) {
      base.value = theirs
      clash.value = null
      holder.set(theirs.text)
      return settle()
    }
    const merged = mergedCleanly(merge(from, mine, theirs.text))
    if (merged === undefined) {
      clash.value = { base: from, mine, theirs: theirs.text, hash: theirs.hash }
      state.value = 'clash'
      void keep()
      return
    }
    base.value = theirs
    clash.value = null
    state.value = 'unsaved'
    holder.set(merged)
    void keep()
    schedule(SAVE_AFTER_MS)
  }

  /** What differs, of the text as it is now: somebody may have typed on. */
  function review(): void {
    if (clash.value) take({ text: clash.value.theirs, hash: clash.value.hash })
  }

  /** Somebody has decided what becomes of both texts. */
  function resolve(text: string): void {
    if (!clash.value || !holder) return
    base.value = { text: clash.value.theirs, hash: clash.value.hash }
    clash.value = null
    state.value = 'unsaved'
    holder.set(text)
    void keep()
    schedule(0)
  }

  /** Takes up a draft that was found: over what it was typed over, or put together with what came since. */
  async function restore(old: Draft): Promise<void> {
    const now = base.value
    if (!holder || !now) return
    found.value = []
    const merged = old.baseHash === now.hash ? old.text : mergedCleanly(merge(old.baseText, old.text, now.text))
    if (merged === undefined) {
      holder.set(old.text)
      clash.value = { base: old.baseText, mine: old.text, theirs: now.text, hash: now.hash }
      state.value = 'clash'
    } else {
      holder.set(merged)
      state.value = 'unsaved'
      schedule(0)
    }
    await keep()
    await dropDrafts([old])
  }

  async function discard(): Promise<void> {
    const drafts = found.value
    found.value = []
    await dropDrafts(drafts)
  }

  /** Writes the text where the file was, after it went. */
  async function saveAgain(): Promise<void> {
    if (!holder) return
    const path = { ws: place.workspace, nb: String(place.notebook) }
    await ask(api.POST(FILES, { params: { path }, body: { path: place.path(), content: holder.text() } }))
    await dropDraft(draft)
  }

  function hear(event: LiveEvent): void {
    if (event.type === 'resync' && !event.views?.length) void refresh()
    if (event.type !== 'file_change' || event.notebook_id !== place.notebook) return
    if (event.file_id !== id && event.path !== place.path()) return
    void refresh()
  }

  /** The page goes: what is not saved is sent, and kept in any case. */
  async function close(): Promise<void> {
    await keep()
    await running
    await save()
    isClosed = true
    clearTimeout(saving)
    clearTimeout(keeping)
    endDraft(draft)
  }

  return {
    base, state, fault, clash, found, isDirty,
    open, attach, typed, save, refresh, resolve, restore, discard, saveAgain, hear, keep, close, review,
  }
}

export type OpenDocument = ReturnType<typeof useDocument>
