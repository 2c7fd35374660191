/** What can be done with what the tree shows. Each says what it did and offers the way back. */
import { api, ask } from '@/api/client'
import type { File } from '@/api/client'
import { Failure } from '@/api/failure'
import { isBelow, join, nameOf, parentOf } from '@/lib/paths'
import { useToasts } from '@/stores/toasts'
import { useTree } from '@/stores/tree'
import { useWorkspace } from '@/stores/workspace'

/** Something in the tree. */
export interface Thing {
  notebook: number
  path: string
  isFolder: boolean
  /** Of files. */
  id?: number
}

const NOTES = '/api/v1/workspaces/{ws}/notebooks/{nb}/files'

export function useTreeActions() {
  const workspace = useWorkspace()
  const tree = useTree()
  const toasts = useToasts()

  function place(notebook: number) {
    return { ws: workspace.slug, nb: String(notebook) }
  }

  async function createNote(notebook: number, folder: string, name: string, content = ''): Promise<string> {
    const path = join(folder, /\.[^.]+$/.test(name) ? name : `${name}.md`)
    await ask(api.POST(NOTES, { params: { path: place(notebook) }, body: { path, content } }))
    return path
  }

  async function createFolder(notebook: number, folder: string, name: string): Promise<string> {
    const path = join(folder, name)
    await ask(api.POST('/api/v1/workspaces/{ws}/notebooks/{nb}/folders', { params: { path: place(notebook) }, body: { path } }))
    await tree.refreshFolder(notebook, folder)
    return path
  }

  /** Moves within a notebook; links of other notes come along. */
  async function move(thing: Thing, newPath: string): Promise<void> {
    const body = { new_path: newPath, update_links: true }
    const path = place(thing.notebook)
    if (thing.isFolder) {
      // The description has `folders/move` as the folder of that name.
      const params = { path: { ...path, path: 'move' } }
      await ask(api.POST('/api/v1/workspaces/{ws}/notebooks/{nb}/folders/{path}', { params, body: { ...body, path: thing.path } }))
      await tree.refreshFolder(thing.notebook, parentOf(thing.path))
      await tree.refreshFolder(thing.notebook, parentOf(newPath))
    } else {
      const id = await idOf(thing)
      await ask(api.PATCH(`${NOTES}/{file_id}/move`, { params: { path: { ...path, file_id: id } }, body }))
    }
  }

  async function rename(thing: Thing, name: string): Promise<string> {
    const newPath = join(parentOf(thing.path), name)
    await move(thing, newPath)
    toasts.done(`Renamed to ${name}`, { label: 'Undo', run: () => moveBack([{ ...thing, path: newPath }], [thing.path]) })
    return newPath
  }

  async function moveInto(things: Thing[], folder: string): Promise<void> {
    const going = things.filter((thing) => parentOf(thing.path) !== folder && !(thing.isFolder && isBelow(folder, thing.path)))
    const moved: Thing[] = []
    const from: string[] = []
    try {
      for (const thing of going) {
        const to = join(folder, nameOf(thing.path))
        await move(thing, to)
        moved.push({ ...thing, path: to })
        from.push(thing.path)
      }
    } catch (cause) {
      toasts.failed('Not everything could be moved', cause)
    }
    if (moved.length > 0) {
      toasts.done(`Moved ${said(moved)} to ${folder === '' ? 'the notebook' : nameOf(folder)}`, {
        label: 'Undo',
        run: () => moveBack(moved, from),
      })
    }
  }

  async function moveBack(things: Thing[], to: string[]): Promise<void> {
    try {
      for (const [index, thing] of things.entries()) await move(thing, to[index] ?? thing.path)
    } catch (cause) {
      toasts.failed('It could not be moved back', cause)
    }
  }

  async function remove(things: Thing[]): Promise<void> {
    const gone: Thing[] = []
    try {
      for (const thing of outermost(things)) {
        const path = place(thing.notebook)
        if (thing.isFolder) {
          await ask(api.DELETE('/api/v1/workspaces/{ws}/notebooks/{nb}/folders/{path}', { params: { path: { ...path, path: thing.path } } }))
          await tree.refreshFolder(thing.notebook, parentOf(thing.path))
        } else {
          await ask(api.DELETE(`${NOTES}/{file_id}`, { params: { path: { ...path, file_id: await idOf(thing) } } }))
        }
        gone.push(thing)
      }
    } catch (cause) {
      toasts.failed('Not everything could be deleted', cause)
    }
    if (gone.length > 0) toasts.done(`Deleted ${said(gone)}`, { label: 'Undo', run: () => restore(gone) })
  }

  /** From the history; what that does not hold lies in the trash. */
  async function restore(things: Thing[]): Promise<void> {
    try {
      await ask(api.POST('/api/v1/workspaces/{ws}/flush', { params: { path: { ws: workspace.slug } } }))
      for (const thing of things) {
        await restoreOne(thing)
        await tree.refreshFolder(thing.notebook, parentOf(thing.path))
      }
    } catch (cause) {
      toasts.failed('It could not be restored', cause)
    }
  }

  async function restoreOne(thing: Thing): Promise<void> {
    try {
      const body = { path: thing.path }
      await ask(api.POST('/api/v1/workspaces/{ws}/notebooks/{nb}/deleted/restore', { params: { path: place(thing.notebook) }, body }))
    } catch (cause) {
      if (!(cause instanceof Failure) || cause.status !== 404) throw cause
      const params = { path: { ws: workspace.slug } }
      const { trash } = await ask(api.GET('/api/v1/workspaces/{ws}/trash', { params }))
      const found = trash.find((entry) => entry.path === thing.path)
      if (!found) throw cause
      await ask(api.POST('/api/v1/workspaces/{ws}/trash/{id}/restore', { params: { path: { ws: workspace.slug, id: found.id } } }))
    }
  }

  /** Ids change when an index is made anew, and where a file came back: the path is what counts. */
  async function idOf(thing: Thing): Promise<number> {
    const params = { path: { ...place(thing.notebook), path: thing.path } }
    const found = await ask(api.GET(`${NOTES}/path/{path}`, { params }))
    return (found as File).id
  }

  return { createNote, createFolder, move, rename, moveInto, remove, restore }
}

/** Without what lies in a folder that is among them. */
export function outermost(things: Thing[]): Thing[] {
  const folders = things.filter((thing) => thing.isFolder)
  return things.filter(
    (thing) =>
      !folders.some((other) => other.notebook === thing.notebook && other.path !== thing.path && isBelow(thing.path, other.path)),
  )
}

function said(things: Thing[]): string {
  const [only] = things
  return things.length === 1 && only ? nameOf(only.path) : `${things.length} items`
}
