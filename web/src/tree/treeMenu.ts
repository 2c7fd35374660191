/** What the context menu of the tree offers, and the keys for it. */
import { useRoute, useRouter } from 'vue-router'

import { contentUrlOf } from '@/api/client'
import { useCopying } from '@/components/copying'
import { addressOf, faultOfName, isBelow, nameOf, parentOf } from '@/lib/paths'
import { useCreating } from '@/shell/creating'
import { useDialogs } from '@/stores/dialogs'
import { useWorkspace } from '@/stores/workspace'

import { outermost, useTreeActions } from './actions'
import type { Thing } from './actions'
import type { Row } from './nodes'
import { isThing, thingOf } from './selecting'
import type { useSelecting } from './selecting'
import { useUploads } from './uploads'

export function useTreeMenu(selecting: ReturnType<typeof useSelecting>) {
  const workspace = useWorkspace()
  const dialogs = useDialogs()
  const creating = useCreating()
  const actions = useTreeActions()
  const uploads = useUploads()
  const copy = useCopying()
  const route = useRoute()
  const router = useRouter()

  function folderOf(row: Row): string {
    return row.file ? parentOf(row.file.path) : row.folder.path
  }

  function newNote(row: Row): void {
    creating.note(row.folder.notebook, folderOf(row))
  }

  function fromTemplate(row: Row): void {
    creating.fromTemplate(row.folder.notebook, folderOf(row))
  }

  function newFolder(row: Row): void {
    creating.folder(row.folder.notebook, folderOf(row))
  }

  function rename(row: Row): void {
    const thing = thingOf(row)
    if (!thing || !workspace.canWrite) return
    const name = nameOf(thing.path)
    dialogs.ask({
      kind: 'name',
      title: `Rename ${name}`,
      label: 'Name',
      value: name,
      button: 'Rename',
      hint: 'Links of other notes to it come along.',
      selectStem: !thing.isFolder,
      check: faultOfName,
      run: async (given) => {
        if (given !== name) await follow(thing, await actions.rename(thing, given))
      },
    })
  }

  function move(row: Row): void {
    const things = outermost(selecting.thingsAt(row))
    const [first] = things
    if (!first) return
    dialogs.ask({
      kind: 'folder',
      title: things.length === 1 ? `Move ${nameOf(first.path)}` : `Move ${things.length} items`,
      notebook: first.notebook,
      folder: parentOf(first.path),
      run: (folder) => actions.moveInto(things.filter((thing) => thing.notebook === first.notebook), folder),
    })
  }

  async function remove(row: Row): Promise<void> {
    const things = selecting.thingsAt(row)
    if (things.length > 0 && workspace.canWrite) await actions.remove(things)
  }

  /** The page of what was renamed goes along. */
  async function follow(thing: Thing, to: string): Promise<void> {
    const notebook = workspace.notebookOf(thing.notebook)
    const open = [route.params.path ?? []].flat().join('/')
    if (!notebook || route.params.nb !== notebook.slug || open === '' || !isBelow(open, thing.path)) return
    await router.replace(addressOf(workspace.slug, notebook.slug, to + open.slice(thing.path.length)))
  }

  function copyLink(row: Row): Promise<void> {
    const notebook = workspace.notebookOf(row.folder.notebook)
    const path = row.file?.path ?? row.folder.path
    return copy(location.origin + addressOf(workspace.slug, notebook?.slug ?? '', path), 'Link copied')
  }

  function download(row: Row): void {
    if (!row.file) return
    const link = document.createElement('a')
    link.href = `${contentUrlOf(workspace.slug, row.folder.notebook, row.file.path)}&download=1`
    link.download = row.file.name
    link.click()
  }

  function upload(row: Row): void {
    const input = document.createElement('input')
    input.type = 'file'
    input.multiple = true
    input.onchange = () => void uploads.add(row.folder.notebook, folderOf(row), [...(input.files ?? [])])
    input.click()
  }

  /** Whether the key was one of the menu's. */
  function press(event: KeyboardEvent, row: Row): boolean {
    if (event.key === 'F2' && isThing(row)) rename(row)
    else if (event.key === 'Delete' && isThing(row)) void remove(row)
    else return false
    return true
  }

  return { newNote, fromTemplate, newFolder, rename, move, remove, copyLink, download, upload, press }
}

export type TreeMenuActions = ReturnType<typeof useTreeMenu>
