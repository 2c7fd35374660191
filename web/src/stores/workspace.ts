/** The workspaces that somebody may see, the one that is open, and its notebooks. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api, ask } from '@/api/client'
import type { Notebook, Workspace } from '@/api/client'
import { follow } from '@/api/live'

const LAST = 'codex-last-workspace'

export const useWorkspace = defineStore('workspace', () => {
  const all = ref<Workspace[]>([])
  const current = ref<Workspace | null>(null)
  const notebooks = ref<Notebook[]>([])
  const slug = computed(() => current.value?.slug ?? '')
  const canWrite = computed(() => current.value?.role === 'owner' || current.value?.role === 'editor')
  const canManage = computed(() => current.value?.role === 'owner')

  async function loadAll(): Promise<Workspace[]> {
    all.value = await ask(api.GET('/api/v1/workspaces', {}))
    return all.value
  }

  /** Opens a workspace by the name in the address. */
  async function open(wanted: string): Promise<void> {
    if (current.value?.slug === wanted) return
    const params = { path: { ws: wanted } }
    const listing = ask(api.GET('/api/v1/workspaces/{ws}/notebooks', { params }))
    // Whether there is such a workspace is what the first answer says.
    listing.catch(() => undefined)
    const found = await ask(api.GET('/api/v1/workspaces/{ws}', { params }))
    follow(found.id)
    notebooks.value = await listing
    current.value = found
    try {
      localStorage.setItem(LAST, found.slug)
    } catch {
      // The next visit begins with the first workspace.
    }
    if (!all.value.some((one) => one.id === found.id)) await loadAll()
  }

  async function reloadNotebooks(): Promise<void> {
    if (!current.value) return
    notebooks.value = await ask(api.GET('/api/v1/workspaces/{ws}/notebooks', { params: { path: { ws: slug.value } } }))
  }

  function close(): void {
    current.value = null
    notebooks.value = []
    all.value = []
  }

  function notebookOf(id: number): Notebook | undefined {
    return notebooks.value.find((one) => one.id === id)
  }

  function notebookNamed(name: string): Notebook | undefined {
    return notebooks.value.find((one) => one.slug === name || String(one.id) === name)
  }

  /** Where the last visit was, else the first workspace. */
  function preferred(): Workspace | undefined {
    let last: string | null = null
    try {
      last = localStorage.getItem(LAST)
    } catch {
      // As above.
    }
    return all.value.find((one) => one.slug === last) ?? all.value[0]
  }

  return {
    all, current, notebooks, slug, canWrite, canManage,
    loadAll, open, close, reloadNotebooks, notebookOf, notebookNamed, preferred,
  }
})
