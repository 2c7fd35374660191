/** Dragging rows of the tree onto folders and tags, and files from the desktop into folders. */
import { shallowRef } from 'vue'

import { useTree } from '@/stores/tree'
import { useToasts } from '@/stores/toasts'

import { useTreeActions } from './actions'
import type { Thing } from './actions'
import type { FolderNode } from './nodes'
import { useUploads } from './uploads'

export const THINGS = 'application/x-codex-things'

/** How long a closed folder is hovered over until it opens. */
const OPEN_AFTER_MS = 700

export function carry(event: DragEvent, things: Thing[], text: string): void {
  if (!event.dataTransfer) return
  event.dataTransfer.effectAllowed = 'copyMove'
  event.dataTransfer.setData(THINGS, JSON.stringify(things))
  event.dataTransfer.setData('text/plain', text)
}

export function carried(event: DragEvent): Thing[] {
  const text = event.dataTransfer?.getData(THINGS)
  return text ? (JSON.parse(text) as Thing[]) : []
}

export function isOurs(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes(THINGS) ?? false
}

export function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false
}

export function useDropping() {
  const tree = useTree()
  const actions = useTreeActions()
  const uploads = useUploads()
  const toasts = useToasts()
  /** The folder that would take what is dragged. */
  const over = shallowRef<FolderNode | null>(null)
  let opening: ReturnType<typeof setTimeout> | undefined

  function enter(event: DragEvent, folder: FolderNode): void {
    if (!isOurs(event) && !hasFiles(event)) return
    event.preventDefault()
    if (event.dataTransfer) event.dataTransfer.dropEffect = isOurs(event) ? 'move' : 'copy'
    if (over.value === folder) return
    over.value = folder
    clearTimeout(opening)
    if (!folder.isOpen) opening = setTimeout(() => over.value === folder && void tree.open(folder), OPEN_AFTER_MS)
  }

  function leave(): void {
    clearTimeout(opening)
    over.value = null
  }

  async function drop(event: DragEvent, folder: FolderNode): Promise<void> {
    event.preventDefault()
    const files = [...(event.dataTransfer?.files ?? [])]
    const things = carried(event)
    leave()
    if (things.length > 0) {
      const here = things.filter((thing) => thing.notebook === folder.notebook)
      if (here.length < things.length) {
        toasts.show({ kind: 'failed', title: 'Not moved', detail: 'A notebook has its own history; files are not moved from one to another here.' })
      }
      await actions.moveInto(here, folder.path)
    } else if (files.length > 0) await uploads.add(folder.notebook, folder.path, files)
  }

  return { over, enter, leave, drop }
}
