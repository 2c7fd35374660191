/** Folders and files as the tree holds them, and the rows that are to be seen. Knows nothing of the server. */
import type { File } from '@/api/client'
import { kindOf } from '@/lib/kinds'
import type { Kind } from '@/lib/kinds'
import { nameOf } from '@/lib/paths'
import { placeOf, sortKey } from '@/lib/sort'

export interface FileItem {
  id: number
  path: string
  name: string
  title: string
  kind: Kind
  key: string
}

export interface FolderNode {
  notebook: number
  path: string
  name: string
  key: string
  state: 'new' | 'loading' | 'ready' | 'failed'
  isOpen: boolean
  /** Files at any depth, as far as is known. */
  count: number
  folders: FolderNode[]
  files: FileItem[]
}

export interface Row {
  /** `f:` or `d:`, the notebook and the path: the same row as long as the thing has its name. */
  id: string
  kind: 'notebook' | 'folder' | 'file' | 'loading' | 'empty' | 'failed'
  depth: number
  folder: FolderNode
  file?: FileItem
  /** Its place among those beside it, from 1; and how many they are. */
  place: number
  of: number
}

export function newFolder(notebook: number, path: string, name: string, count = 0): FolderNode {
  return { notebook, path, name, key: sortKey(name), state: 'new', isOpen: false, count, folders: [], files: [] }
}

export function itemOf(file: Pick<File, 'id' | 'path' | 'title' | 'content_type'>): FileItem {
  const name = nameOf(file.path)
  return { id: file.id, path: file.path, name, title: file.title, kind: kindOf(file.path, file.content_type), key: sortKey(name) }
}

export function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

export function folderRowId(folder: FolderNode): string {
  return `d:${folder.notebook}:${folder.path}`
}

export function fileRowId(notebook: number, path: string): string {
  return `f:${notebook}:${path}`
}

/** Puts a file where its name belongs, instead of one of the same path. */
export function putFile(folder: FolderNode, item: FileItem): void {
  const old = folder.files.findIndex((one) => one.path === item.path)
  if (old >= 0) folder.files.splice(old, 1)
  else folder.count++
  folder.files.splice(placeOf(folder.files, item.key, (one) => one.key), 0, item)
}

/** Takes a file out; whether it was there. */
export function dropFile(folder: FolderNode, path: string): boolean {
  const at = folder.files.findIndex((one) => one.path === path)
  if (at < 0) return false
  folder.files.splice(at, 1)
  folder.count = Math.max(0, folder.count - 1)
  return true
}

/** Takes over folders that were listed anew; those that stay keep what is open and loaded in them. */
export function setFolders(parent: FolderNode, listed: { path: string; name: string; file_count: number }[]): void {
  const known = new Map(parent.folders.map((folder) => [folder.path, folder]))
  parent.folders = listed
    .map(({ path, name, file_count }) => {
      const folder = known.get(path) ?? newFolder(parent.notebook, path, name)
      folder.count = file_count
      return folder
    })
    .sort(byKey)
}

/** The folder of a path, as far as it has been listed. */
export function findFolder(root: FolderNode, path: string): FolderNode | undefined {
  let at: FolderNode | undefined = root
  while (at && at.path !== path) {
    at = at.folders.find((one) => path === one.path || path.startsWith(`${one.path}/`))
  }
  return at
}

/** The deepest folder on the way to a path that has been listed. */
export function nearestFolder(root: FolderNode, path: string): FolderNode {
  let at = root
  for (;;) {
    const next = at.folders.find((one) => path === one.path || path.startsWith(`${one.path}/`))
    if (!next) return at
    at = next
  }
}

/** All rows, from the top down. */
export function rowsOf(roots: FolderNode[]): Row[] {
  const rows: Row[] = []
  roots.forEach((root, index) => {
    rows.push({ id: folderRowId(root), kind: 'notebook', depth: 0, folder: root, place: index + 1, of: roots.length })
    if (root.isOpen) addInside(rows, root, 1)
  })
  return rows
}

function addInside(rows: Row[], folder: FolderNode, depth: number): void {
  const of = folder.folders.length + folder.files.length
  const id = folderRowId(folder)
  if (of === 0) {
    const kind = folder.state === 'ready' ? 'empty' : folder.state === 'failed' ? 'failed' : 'loading'
    rows.push({ id: `${kind}:${id}`, kind, depth, folder, place: 1, of: 1 })
    return
  }
  let place = 0
  for (const inner of folder.folders) {
    rows.push({ id: folderRowId(inner), kind: 'folder', depth, folder: inner, place: ++place, of })
    if (inner.isOpen) addInside(rows, inner, depth + 1)
  }
  for (const file of folder.files) {
    rows.push({ id: fileRowId(folder.notebook, file.path), kind: 'file', depth, folder, file, place: ++place, of })
  }
}
