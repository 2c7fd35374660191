/** The columns of a table as somebody sets them: kept in the `.cdx` where they may write it, else as long as the page is open. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'

import type { File } from '@/api/client'
import type { Value } from '@/editor/frontmatter'

import type { Column, Definition } from './definition'
import type { Figure } from './figures'
import { columnsOf, entriesOf, naturalWidth } from './table'

/** Keys that are pressed one after the other are one change of the file. */
const SETTLE_MS = 500

interface Asked {
  definition: () => Definition
  files: () => File[]
  figures: (id: string) => Figure[]
  /** Of the box that the table is in, in pixels. */
  room: () => number
  canWrite: () => boolean
  write: (columns: Value[]) => void
}

export function useColumns(asked: Asked) {
  /** What somebody chose who may not write. */
  const chosen = shallowRef<Column[] | null>(null)
  /** Widths since the page was opened. */
  const moved = ref(new Map<string, number>())
  /** Of those the ones that the file does not say yet. */
  const unsaved = new Map<string, number | undefined>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const columns = computed(() => chosen.value ?? columnsOf(asked.definition(), asked.files()))
  /** As the file or a drag says; the others are as wide as what they hold, and share what is left. */
  const widths = computed(() => {
    const set = columns.value.map(({ id, width }) => moved.value.get(id) ?? width)
    // None takes a narrow screen for itself.
    const most = Math.max(150, asked.room() * 0.48)
    const natural = columns.value.map((column) => Math.min(most, naturalWidth(column, asked.files(), asked.figures(column.id))))
    const used = set.reduce<number>((sum, width, index) => sum + (width ?? natural[index] ?? 0), 0)
    const free = set.reduce<number>((sum, width, index) => sum + (width === undefined ? (natural[index] ?? 0) : 0), 0)
    const left = Math.max(0, asked.room() - used)
    return set.map((width, index) => Math.floor(width ?? (natural[index] ?? 0) * (1 + left / Math.max(1, free))))
  })

  watch(() => JSON.stringify(asked.definition().config.columns ?? null), () => {
    chosen.value = null
    // What the file says now may be somebody else's.
    const own = new Map(asked.definition().columns.map(({ id, width }) => [id, width]))
    moved.value = new Map([...moved.value].filter(([id]) => own.get(id) === undefined || unsaved.has(id)))
  })
  onScopeDispose(flush)

  function choose(ids: string[]): void {
    flush()
    if (asked.canWrite()) asked.write(entriesOf(asked.definition().config.columns, ids))
    else chosen.value = ids.map((id) => columns.value.find((one) => one.id === id) ?? { id, title: id })
  }

  function resize(id: string, width: number): void {
    // The others stay as they are while one is moved.
    if (moved.value.size === 0) moved.value = new Map(columns.value.map((column, index) => [column.id, widths.value[index] ?? 0]))
    moved.value = new Map(moved.value).set(id, width)
  }

  /** Writes the width of a column a moment after it was moved for the last time. */
  function keep(id: string): void {
    if (!asked.canWrite()) return
    unsaved.set(id, moved.value.get(id))
    clearTimeout(timer)
    timer = setTimeout(flush, SETTLE_MS)
  }

  function flush(): void {
    clearTimeout(timer)
    if (unsaved.size === 0) return
    const entries = entriesOf(asked.definition().config.columns, columns.value.map(({ id }) => id), unsaved)
    unsaved.clear()
    asked.write(entries)
  }

  /** As wide as what it holds again. */
  function reset(id: string): void {
    moved.value = new Map()
    if (columns.value.find((one) => one.id === id)?.width === undefined) return
    unsaved.set(id, undefined)
    flush()
  }

  return { columns, widths, choose, resize, keep, reset }
}
