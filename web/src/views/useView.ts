/** The results of a view, read again when they change; and properties of notes, set from within it. */
import { onBeforeUnmount, onMounted, ref, shallowRef, watch } from 'vue'

import { api, ask, contentUrl } from '@/api/client'
import type { File, Schemas } from '@/api/client'
import { Failure, sentence } from '@/api/failure'
import { listen } from '@/api/live'
import { addressOf } from '@/lib/paths'
import { useToasts } from '@/stores/toasts'
import { useWorkspace } from '@/stores/workspace'

import { MOST } from './definition'
import type { Json } from './definition'

const SETTLE_MS = 250
/** So many notes are read at once: a larger answer would hold the page while it is parsed. */
const PAGE = 2500

/** A calendar puts notes on days by it; to a query it is something only with a bound. */
function withoutIdleDate(query: Json): Json {
  if (query.date_after !== undefined || query.date_before !== undefined) return query
  return Object.fromEntries(Object.entries(query).filter(([key]) => key !== 'date_property'))
}

export function useView(query: () => Json | null) {
  const workspace = useWorkspace()
  const toasts = useToasts()
  const result = shallowRef<Schemas['QueryResult'] | null>(null)
  const fault = ref('')
  let asked = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    const said = query()
    if (!said) return
    const body = withoutIdleDate(said)
    const number = ++asked
    try {
      const most = typeof body.limit === 'number' ? Math.min(body.limit, MOST) : MOST
      // What is no number is for the server to refuse.
      let found = await page(typeof body.limit === 'number' || body.limit === undefined ? { ...body, limit: Math.min(most, PAGE) } : body)
      // Of many the first are shown while the others come.
      if (number === asked && !result.value) result.value = found
      while (number === asked && found.files.length < Math.min(most, found.total - found.offset) && found.files.length % PAGE === 0 && found.files.length > 0) {
        const next = await page({ ...body, aggregate: undefined, limit: Math.min(most - found.files.length, PAGE), offset: found.offset + found.files.length })
        if (next.files.length === 0) break
        found = { ...found, files: [...found.files, ...next.files] }
      }
      if (number !== asked) return
      result.value = found
      fault.value = ''
    } catch (cause) {
      if (number === asked) fault.value = sentence(cause)
    }
  }

  function page(body: Json): Promise<Schemas['QueryResult']> {
    const params = { query: { workspace_id: workspace.slug } }
    return ask(api.POST('/api/v1/query', { params, body: body as Record<string, never> }))
  }

  function stale(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void load(), SETTLE_MS)
  }

  watch(() => JSON.stringify(query()), () => void load(), { immediate: true })
  let stop: (() => void) | undefined
  onMounted(() => {
    stop = listen((event) => {
      if (event.type === 'file_change' || event.type === 'resync') stale()
    })
  })
  onBeforeUnmount(() => {
    stop?.()
    clearTimeout(timer)
  })

  /** Sets properties of a note; one that changed meanwhile is left, and said. */
  async function set(file: File, properties: Json, said: string): Promise<void> {
    try {
      await put(file, properties)
      const before = Object.fromEntries(Object.keys(properties).map((key) => [key, file.properties[key] ?? null]))
      toasts.done(said, { label: 'Undo', run: () => undo(file, before) })
    } catch (cause) {
      toasts.failed(cause instanceof Failure && cause.status === 412 ? `${file.title} was changed meanwhile` : `${file.title} was not changed`, cause)
    } finally {
      stale()
    }
  }

  async function put(file: File, properties: Json, isExact = true): Promise<void> {
    const path = { ws: workspace.slug, nb: String(file.notebook_id), file_id: file.id }
    const body = { properties, ...(isExact && file.hash ? { expected_hash: file.hash } : {}) }
    await ask(api.PUT('/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}', { params: { path }, body }))
  }

  async function undo(file: File, before: Json): Promise<void> {
    try {
      await put(file, before, false)
    } catch (cause) {
      toasts.failed('It was not undone', cause)
    }
    stale()
  }

  function address(file: File): string {
    return addressOf(workspace.slug, workspace.notebookOf(file.notebook_id)?.slug ?? String(file.notebook_id), file.path)
  }

  /** Where the bytes of a file are, of which the browser keeps those of this hash. */
  function content(file: File): string {
    return `${contentUrl(workspace.slug, file.notebook_id, file.id)}?v=${file.hash?.slice(0, 12) ?? ''}`
  }

  return { result, fault, load, set, address, content }
}

export type View = ReturnType<typeof useView>
