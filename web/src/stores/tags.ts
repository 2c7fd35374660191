/** The tags of a workspace with their counts; read again when notes change. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { api, ask } from '@/api/client'
import type { Schemas } from '@/api/client'

import { useWorkspace } from './workspace'

export type Tag = Schemas['Tag']

const SETTLE_MS = 400

/** The search line for what bears a tag or one below it. */
export function searchFor(tag: string): string {
  return /\s/.test(tag) ? `tag:"${tag}"` : `tag:${tag}`
}

export const useTags = defineStore('tags', () => {
  const workspace = useWorkspace()
  const tags = ref<Tag[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  let timer: ReturnType<typeof setTimeout> | undefined

  function start(): void {
    tags.value = []
    state.value = 'loading'
    void load()
  }

  async function load(): Promise<void> {
    const slug = workspace.slug
    if (slug === '') return
    try {
      const found = await ask(api.GET('/api/v1/workspaces/{ws}/tags', { params: { path: { ws: slug } } }))
      if (slug !== workspace.slug) return
      tags.value = found.tags
      state.value = 'ready'
    } catch {
      state.value = tags.value.length > 0 ? 'ready' : 'failed'
    }
  }

  /** Something changed: many changes at once are one reading. */
  function stale(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void load()
    }, SETTLE_MS)
  }

  /** All names, with those below others. */
  function names(): string[] {
    const all: string[] = []
    const add = (list: Tag[]): void => {
      for (const tag of list) {
        all.push(tag.tag)
        add(tag.children)
      }
    }
    add(tags.value)
    return all
  }

  return { tags, state, start, load, stale, names }
})
