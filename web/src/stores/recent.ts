/** The notes that were opened last, newest first, for each workspace. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export interface RecentNote {
  notebook: string
  path: string
  title: string
}

const KEPT = 30

export const useRecent = defineStore('recent', () => {
  const notes = ref<RecentNote[]>([])
  let workspace = ''

  function open(slug: string): void {
    workspace = slug
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(key()) ?? '[]')
      notes.value = Array.isArray(kept) ? kept.filter(isRecent).slice(0, KEPT) : []
    } catch {
      notes.value = []
    }
  }

  function visit(note: RecentNote): void {
    const others = notes.value.filter((one) => one.notebook !== note.notebook || one.path !== note.path)
    keep([note, ...others].slice(0, KEPT))
  }

  function forget(notebook: string, path: string): void {
    keep(notes.value.filter((one) => one.notebook !== notebook || one.path !== path))
  }

  function keep(list: RecentNote[]): void {
    notes.value = list
    try {
      localStorage.setItem(key(), JSON.stringify(list))
    } catch {
      // They last as long as the page.
    }
  }

  function key(): string {
    return `codex-recent:${workspace}`
  }

  return { notes, open, visit, forget }
})

function isRecent(one: unknown): one is RecentNote {
  if (typeof one !== 'object' || one === null) return false
  const note = one as Record<string, unknown>
  return typeof note.notebook === 'string' && typeof note.path === 'string' && typeof note.title === 'string'
}
