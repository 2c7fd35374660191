/** What the command palette offers for what has been typed. */
import { BookPlus, FilePlus2, FileStack, FileText, FolderPlus, Hash, LogOut, Moon, Notebook, PanelLeft, PanelRight, Search, Settings, Sun } from '@lucide/vue'
import type { Component } from 'vue'
import { useRouter } from 'vue-router'

import { api, ask } from '@/api/client'
import { iconOf, kindOf } from '@/lib/kinds'
import { addressOf, parentOf } from '@/lib/paths'
import { shortcut } from '@/lib/screen'
import { isDark } from '@/lib/theme'
import { SECTIONS } from '@/settings/sections'
import { useLayout } from '@/stores/layout'
import { useRecent } from '@/stores/recent'
import { useSession } from '@/stores/session'
import { searchFor } from '@/stores/tags'
import { useWorkspace } from '@/stores/workspace'

import { useCreating } from './creating'

export interface PaletteItem {
  id: string
  group: string
  icon: Component
  label: string
  detail?: string
  /** HTML of the search. */
  snippet?: string
  keys?: string
  run: () => unknown
}

const FOUND = 8

export function usePaletteItems() {
  const workspace = useWorkspace()
  const layout = useLayout()
  const recent = useRecent()
  const session = useSession()
  const creating = useCreating()
  const router = useRouter()

  function go(notebook: string, path: string): Promise<unknown> {
    return router.push(addressOf(workspace.slug, notebook, path))
  }

  function search(q: string): Promise<unknown> {
    return router.push({ name: 'search', params: { ws: workspace.slug }, query: { q } })
  }

  function actions(): PaletteItem[] {
    const first = workspace.notebooks[0]
    const at = workspace.notebookNamed(String(router.currentRoute.value.params.nb ?? '')) ?? first
    const open = [router.currentRoute.value.params.path ?? []].flat().join('/')
    const all: (Omit<PaletteItem, 'id' | 'group'> & { isOffered?: boolean })[] = [
      { icon: FilePlus2, label: 'New note', run: () => at && creating.note(at.id, parentOf(open)), isOffered: workspace.canWrite && !!at },
      { icon: FileStack, label: 'New note from a template', run: () => at && creating.fromTemplate(at.id, parentOf(open)), isOffered: workspace.canWrite && !!at },
      { icon: FolderPlus, label: 'New folder', run: () => at && creating.folder(at.id, parentOf(open)), isOffered: workspace.canWrite && !!at },
      { icon: BookPlus, label: 'New notebook', run: () => creating.notebook(), isOffered: workspace.canWrite },
      { icon: BookPlus, label: 'New workspace', run: () => creating.workspace() },
      { icon: PanelLeft, label: 'Show or hide the tree', keys: shortcut('Ctrl \\'), run: () => layout.toggle('left') },
      { icon: PanelRight, label: 'Show or hide properties', run: () => layout.toggle('right') },
      isDark()
        ? { icon: Sun, label: 'Light theme', run: () => session.setTheme('light') }
        : { icon: Moon, label: 'Dark theme', run: () => session.setTheme('dark') },
      ...workspace.all
        .filter((one) => one.id !== workspace.current?.id)
        .map((one) => ({ icon: Notebook, label: `Open workspace ${one.name}`, run: () => creating.goTo(one.slug) })),
      ...workspace.notebooks.map((one) => ({ icon: Notebook, label: `Open notebook ${one.name}`, run: () => go(one.slug, '') })),
      ...SECTIONS.map(({ name, label }) => ({ icon: Settings, label: `Settings: ${label}`, run: () => router.push({ name: 'settings', params: { ws: workspace.slug, section: name } }) })),
      { icon: LogOut, label: 'Sign out', run: () => session.signOut().then(() => router.replace({ name: 'sign-in' })) },
    ]
    return all.filter((one) => one.isOffered !== false).map((one) => ({ ...one, id: `action:${one.label}`, group: 'Actions' }))
  }

  function matchingActions(text: string): PaletteItem[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    return actions().filter((one) => words.every((word) => one.label.toLowerCase().includes(word)))
  }

  function recentNotes(): PaletteItem[] {
    return recent.notes.slice(0, 10).map((note) => ({
      id: `recent:${note.notebook}/${note.path}`,
      group: 'Opened last',
      icon: iconOf(kindOf(note.path)),
      label: note.title,
      detail: note.path,
      run: () => go(note.notebook, note.path),
    }))
  }

  async function suggested(text: string, signal: AbortSignal): Promise<PaletteItem[]> {
    const params = { path: { ws: workspace.slug }, query: { q: text, limit: FOUND } }
    const { files, tags } = await ask(api.GET('/api/v1/workspaces/{ws}/suggest', { params, signal }))
    const notes = files.map((file) => ({
      id: `file:${file.ref}`,
      group: 'Notes and views',
      icon: iconOf(kindOf(file.path)),
      label: file.title,
      detail: file.path,
      run: () => go(workspace.notebookOf(file.notebook_id)?.slug ?? String(file.notebook_id), file.path),
    }))
    return [...notes, ...tags.slice(0, 5).map(tagItem)]
  }

  function tagItem(tag: string): PaletteItem {
    return { id: `tag:${tag}`, group: 'Tags', icon: Hash, label: tag, run: () => search(searchFor(tag)) }
  }

  async function found(text: string, signal: AbortSignal): Promise<PaletteItem[]> {
    const params = { path: { ws: workspace.slug }, query: { q: text, limit: FOUND } }
    const { results, total } = await ask(api.GET('/api/v1/workspaces/{ws}/search', { params, signal }))
    const hits: PaletteItem[] = results.map((hit) => ({
      id: `hit:${hit.ref}`,
      group: 'In the text',
      icon: FileText,
      label: hit.title,
      detail: hit.path,
      ...(hit.snippet ? { snippet: hit.snippet } : {}),
      run: () => go(workspace.notebookOf(hit.notebook_id)?.slug ?? String(hit.notebook_id), hit.path),
    }))
    const all = { id: 'all', group: 'In the text', icon: Search, label: `All ${total} results`, run: () => search(text) }
    return total > results.length ? [...hits, all] : hits
  }

  /** Items that are there at once, and those that the server is asked for. */
  function itemsFor(text: string): { now: PaletteItem[]; later?: (signal: AbortSignal) => Promise<PaletteItem[]> } {
    const trimmed = text.trim()
    if (text.startsWith('>')) return { now: matchingActions(trimmed.slice(1)) }
    if (trimmed === '') return { now: [...recentNotes(), ...actions()] }
    if (text.startsWith('#')) {
      const part = trimmed.slice(1)
      return { now: [], later: async (signal) => (await suggested(part, signal)).filter((one) => one.group === 'Tags') }
    }
    if (text.startsWith('?')) return { now: [], later: (signal) => found(trimmed.slice(1).trim(), signal) }
    const both = async (signal: AbortSignal) => {
      const [names, hits] = await Promise.all([suggested(trimmed, signal), found(trimmed, signal).catch(() => [])])
      const known = new Set(names.map((one) => one.id.replace('file:', 'hit:')))
      return [...names, ...hits.filter((hit) => !known.has(hit.id) || hit.snippet)]
    }
    return { now: matchingActions(trimmed).slice(0, 4), later: both }
  }

  return { itemsFor }
}
