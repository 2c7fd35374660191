/** What the keyboard and clicks do to the focus and the selection of the tree. */
import { computed, nextTick } from 'vue'

import { parentOf } from '@/lib/paths'
import { useTree } from '@/stores/tree'

import type { Thing } from './actions'
import { folderRowId } from './nodes'
import type { FolderNode, Row } from './nodes'

/** How long letters that are typed belong to one word. */
const TYPING_MS = 700

export interface Shown {
  /** Scrolls a row into sight. */
  show: (index: number) => void
  focus: (id: string) => void
  open: (folder: FolderNode) => void
}

export function useSelecting(shown: Shown) {
  const tree = useTree()
  const indexOfFocused = computed(() => tree.rows.findIndex((row) => row.id === tree.focused))
  let anchor = ''
  let typed = ''
  let typedAt = 0

  function focusAt(index: number): Row | undefined {
    const row = tree.rows[Math.min(Math.max(index, 0), tree.rows.length - 1)]
    if (!row) return undefined
    tree.focused = row.id
    shown.show(tree.rows.indexOf(row))
    void nextTick(() => shown.focus(row.id))
    return row
  }

  function select(row: Row, how: 'only' | 'add' | 'range'): void {
    if (how === 'range' && anchor !== '') {
      const from = tree.rows.findIndex((one) => one.id === anchor)
      const to = tree.rows.indexOf(row)
      const part = tree.rows.slice(Math.min(from, to), Math.max(from, to) + 1)
      tree.selected = new Set(part.filter(isThing).map((one) => one.id))
      return
    }
    anchor = row.id
    if (how === 'add') {
      const next = new Set(tree.selected)
      if (!next.delete(row.id)) next.add(row.id)
      tree.selected = next
    } else tree.selected = new Set([row.id])
  }

  /** What an action is about: the selection where the row is part of it, else the row. */
  function thingsAt(row: Row): Thing[] {
    const ids = tree.selected.has(row.id) ? tree.selected : new Set([row.id])
    return tree.rows.filter((one) => ids.has(one.id)).map(thingOf).filter((one): one is Thing => one !== undefined)
  }

  /** Moves the focus; whether the key was one of the tree's. */
  function press(event: KeyboardEvent): boolean {
    const at = indexOfFocused.value
    const row = tree.rows[at]
    const moved = target(event, at, row)
    if (moved === undefined) return typeAhead(event, at)
    const to = focusAt(moved)
    if (to && event.shiftKey && row && isThing(to)) {
      if (!tree.selected.has(row.id)) select(row, 'only')
      select(to, 'range')
    }
    return true
  }

  function target(event: KeyboardEvent, at: number, row: Row | undefined): number | undefined {
    switch (event.key) {
      case 'ArrowDown':
        return at + 1
      case 'ArrowUp':
        return at - 1
      case 'Home':
        return 0
      case 'End':
        return tree.rows.length - 1
      case 'PageDown':
        return at + 15
      case 'PageUp':
        return at - 15
      case 'ArrowRight':
        if (!row || !isFolder(row)) return at
        if (row.folder.isOpen) return (tree.rows[at + 1]?.depth ?? 0) > row.depth ? at + 1 : at
        shown.open(row.folder)
        return at
      case 'ArrowLeft':
        if (row && isFolder(row) && row.folder.isOpen) {
          tree.close(row.folder)
          return at
        }
        return row ? parentIndex(row, at) : at
      default:
        return undefined
    }
  }

  function parentIndex(row: Row, at: number): number {
    if (row.kind === 'notebook') return at
    const root = tree.rootOf(row.folder.notebook)
    const isInner = row.kind === 'folder'
    const path = isInner ? parentOf(row.folder.path) : row.folder.path
    const id = path === '' && root ? folderRowId(root) : `d:${row.folder.notebook}:${path}`
    const found = tree.rows.findIndex((one) => one.id === id)
    return found < 0 ? at : found
  }

  function typeAhead(event: KeyboardEvent, at: number): boolean {
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || event.key === ' ') return false
    typed = event.timeStamp - typedAt < TYPING_MS ? typed + event.key.toLowerCase() : event.key.toLowerCase()
    typedAt = event.timeStamp
    const begin = typed.length > 1 ? at : at + 1
    const order = [...tree.rows.slice(Math.max(begin, 0)), ...tree.rows.slice(0, Math.max(begin, 0))]
    const found = order.find((row) => labelOf(row).toLowerCase().startsWith(typed))
    if (found) focusAt(tree.rows.indexOf(found))
    return true
  }

  return { indexOfFocused, focusAt, select, thingsAt, press }
}

export function isFolder(row: Row): boolean {
  return row.kind === 'folder' || row.kind === 'notebook'
}

/** Whether it can be moved, renamed and deleted. */
export function isThing(row: Row): boolean {
  return row.kind === 'folder' || row.kind === 'file'
}

export function thingOf(row: Row): Thing | undefined {
  const notebook = row.folder.notebook
  if (row.kind === 'folder') return { notebook, path: row.folder.path, isFolder: true }
  if (row.kind === 'file' && row.file) return { notebook, path: row.file.path, isFolder: false, id: row.file.id }
  return undefined
}

export function labelOf(row: Row): string {
  return row.file?.name ?? row.folder.name
}
