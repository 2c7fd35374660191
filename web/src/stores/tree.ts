/**
 * The tree of a workspace: what of it was listed, which folders are open, what is selected. Folders are listed when they
 * are opened; what happens after that is taken in change by change.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'

import { api, ask } from '@/api/client'
import type { File } from '@/api/client'
import { heard } from '@/api/live'
import type { FileChange } from '@/api/live'
import { parentOf } from '@/lib/paths'
import {
  byKey, dropFile, fileRowId, findFolder, folderRowId, itemOf, nearestFolder, newFolder, putFile, rowsOf, setFolders,
} from '@/tree/nodes'
import type { FolderNode } from '@/tree/nodes'

import { useWorkspace } from './workspace'

const PAGE = 1000
/** More changes of one folder at once than this: it is listed anew. */
const MANY = 40
const GATHER_MS = 80

export const useTree = defineStore('tree', () => {
  const workspace = useWorkspace()
  const roots = shallowRef<FolderNode[]>([])
  const rows = computed(() => rowsOf(roots.value))
  const selected = ref(new Set<string>())
  /** The row that has the focus of the keyboard. */
  const focused = ref('')
  const pending = new Map<FolderNode, Map<string, FileChange>>()
  let gathering: ReturnType<typeof setTimeout> | undefined

  function changed(): void {
    triggerRef(roots)
  }

  /** Begins with the notebooks of the workspace that was opened. */
  async function start(): Promise<void> {
    pending.clear()
    selected.value = new Set()
    focused.value = ''
    roots.value = []
    await heard()
    syncNotebooks()
    const only = roots.value.length === 1 ? roots.value[0] : undefined
    if (only) await open(only)
  }

  /** A root for each notebook; those that stay keep what is open. */
  function syncNotebooks(): void {
    const known = new Map(roots.value.map((root) => [root.notebook, root]))
    roots.value = workspace.notebooks
      .map((notebook) => {
        const root = known.get(notebook.id) ?? newFolder(notebook.id, '', notebook.name, notebook.file_count ?? 0)
        root.name = notebook.name
        return root
      })
      .sort(byKey)
  }

  function rootOf(notebook: number): FolderNode | undefined {
    return roots.value.find((root) => root.notebook === notebook)
  }

  async function open(folder: FolderNode): Promise<void> {
    folder.isOpen = true
    changed()
    if (folder.state === 'new' || folder.state === 'failed') await load(folder)
  }

  function close(folder: FolderNode): void {
    folder.isOpen = false
    changed()
  }

  /** Lists a folder, page by page, so that the first thousand are there at once. */
  async function load(folder: FolderNode): Promise<void> {
    folder.state = 'loading'
    changed()
    try {
      const fresh: File[] = []
      for (let skip = 0; ; skip += PAGE) {
        const listed = await list(folder, skip)
        if (skip === 0) {
          setFolders(folder, listed.subfolders)
          folder.count = listed.file_count
        }
        fresh.push(...listed.files)
        if (skip === 0 || !listed.pagination.has_more) {
          folder.files = fresh.map(itemOf).sort(byKey)
          changed()
        }
        if (!listed.pagination.has_more) break
      }
      folder.state = 'ready'
    } catch (cause) {
      folder.state = 'failed'
      throw cause
    } finally {
      changed()
    }
  }

  function list(folder: FolderNode, skip: number) {
    const query = { skip, limit: PAGE }
    const place = { ws: workspace.slug, nb: String(folder.notebook) }
    return folder.path === ''
      ? ask(api.GET('/api/v1/workspaces/{ws}/notebooks/{nb}/folders', { params: { path: place, query } }))
      : ask(
          api.GET('/api/v1/workspaces/{ws}/notebooks/{nb}/folders/{path}', {
            params: { path: { ...place, path: folder.path }, query },
          }),
        )
  }

  /** Opens the folders on the way to a path, so that its row is to be seen; the id of the row. */
  async function reveal(notebook: number, path: string): Promise<string> {
    let at = rootOf(notebook)
    while (at) {
      if (!at.isOpen || at.state === 'new') await open(at)
      if (path === '') return folderRowId(at)
      const next: FolderNode | undefined = at.folders.find((one) => path === one.path || path.startsWith(`${one.path}/`))
      if (!next) break
      if (next.path === path) return folderRowId(next)
      at = next
    }
    return fileRowId(notebook, path)
  }

  /** Takes in a change that somebody made. */
  function take(change: FileChange): void {
    const root = rootOf(change.notebook_id)
    if (!root) return
    if (change.event_type === 'moved' && change.old_path !== null) {
      gather(root, { ...change, event_type: 'deleted', path: change.old_path })
    }
    gather(root, change)
  }

  function gather(root: FolderNode, change: FileChange): void {
    const folder = nearestFolder(root, parentOf(change.path))
    if (folder.state === 'new') {
      if (change.event_type === 'created') folder.count++
      if (change.event_type === 'deleted') folder.count = Math.max(0, folder.count - 1)
      changed()
      return
    }
    const changes = pending.get(folder) ?? new Map<string, FileChange>()
    changes.set(change.path, change)
    pending.set(folder, changes)
    gathering ??= setTimeout(() => void settle(), GATHER_MS)
  }

  async function settle(): Promise<void> {
    gathering = undefined
    const all = [...pending]
    pending.clear()
    await Promise.all(all.map(([folder, changes]) => settleFolder(folder, [...changes.values()])))
    changed()
  }

  async function settleFolder(folder: FolderNode, changes: FileChange[]): Promise<void> {
    const own = changes.filter((change) => parentOf(change.path) === folder.path)
    const inNewFolder = own.length < changes.length
    if (inNewFolder || own.length > MANY || folder.state === 'loading') return reload(folder)
    for (const change of own) if (change.event_type === 'deleted') dropFile(folder, change.path)
    const there = own.filter((change) => change.event_type !== 'deleted')
    await Promise.all(there.map((change) => refresh(folder, change)))
    if (own.length > there.length && folder.files.length === 0 && folder.folders.length === 0) await reloadParent(folder)
  }

  async function refresh(folder: FolderNode, change: FileChange): Promise<void> {
    const path = { ws: workspace.slug, nb: String(folder.notebook), file_id: change.file_id }
    try {
      const file = await ask(api.GET('/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}', { params: { path } }))
      if (parentOf(file.path) === folder.path) putFile(folder, itemOf(file))
    } catch {
      // Gone already: the event that says so follows.
    }
  }

  /** Lists again; a folder that is gone is taken out by its parent. */
  async function reload(folder: FolderNode): Promise<void> {
    try {
      await load(folder)
    } catch {
      await reloadParent(folder)
    }
  }

  async function reloadParent(folder: FolderNode): Promise<void> {
    const root = rootOf(folder.notebook)
    const parent = root && folder !== root ? findFolder(root, parentOf(folder.path)) : undefined
    if (parent) await reload(parent)
  }

  /** After a gap in what was heard: everything that had been listed is listed again. */
  async function resync(): Promise<void> {
    await workspace.reloadNotebooks()
    syncNotebooks()
    const again = (folder: FolderNode): Promise<unknown> =>
      folder.state === 'new' ? Promise.resolve() : reload(folder).then(() => Promise.all(folder.folders.map(again)))
    await Promise.all(roots.value.map(again))
  }

  /** The folder of a path, listed again: after something was made in it that no event tells of (an empty folder). */
  async function refreshFolder(notebook: number, path: string): Promise<void> {
    const root = rootOf(notebook)
    const folder = root && nearestFolder(root, path)
    if (folder && folder.state !== 'new') await reload(folder)
  }

  return {
    roots, rows, selected, focused,
    start, syncNotebooks, rootOf, open, close, load, reveal, take, resync, refreshFolder,
  }
})
