/** What kind of file something is, by its name and content type: which icon it has and what shows it. */
import {
  File as FileIcon, FileAudio, FileCode, FileImage, FileText, FileType, FileVideo, LayoutDashboard, NotebookText, Sheet, Table2,
} from '@lucide/vue'
import type { Component } from 'vue'

import { extensionOf } from './paths'

export type Kind =
  | 'note' | 'view' | 'image' | 'pdf' | 'audio' | 'video' | 'table' | 'tree' | 'jupyter' | 'code' | 'other'

const BY_EXTENSION: Record<string, Kind> = {
  md: 'note', markdown: 'note', cdx: 'view',
  png: 'image', jpg: 'image', jpeg: 'image', gif: 'image', webp: 'image', avif: 'image', svg: 'image', bmp: 'image', ico: 'image',
  pdf: 'pdf', csv: 'table', tsv: 'table', json: 'tree', yaml: 'tree', yml: 'tree', ipynb: 'jupyter',
  mp3: 'audio', wav: 'audio', ogg: 'audio', oga: 'audio', flac: 'audio', m4a: 'audio', opus: 'audio',
  mp4: 'video', webm: 'video', mov: 'video', ogv: 'video', m4v: 'video',
  txt: 'code', log: 'code', py: 'code', rs: 'code', js: 'code', ts: 'code', jsx: 'code', tsx: 'code', sh: 'code', bash: 'code',
  c: 'code', h: 'code', cpp: 'code', hpp: 'code', java: 'code', go: 'code', rb: 'code', r: 'code', jl: 'code', m: 'code',
  sql: 'code', toml: 'code', ini: 'code', cfg: 'code', conf: 'code', html: 'code', css: 'code', xml: 'code', tex: 'code',
  bib: 'code', rst: 'code', org: 'code', vue: 'code', lua: 'code', pl: 'code', php: 'code', kt: 'code', swift: 'code', diff: 'code', patch: 'code',
}

const BY_TYPE: [string, Kind][] = [
  ['text/markdown', 'note'], ['image/', 'image'], ['application/pdf', 'pdf'], ['audio/', 'audio'], ['video/', 'video'], ['text/', 'code'],
]

const ICONS: Record<Kind, Component> = {
  note: FileText, view: LayoutDashboard, image: FileImage, pdf: FileType, audio: FileAudio, video: FileVideo,
  table: Sheet, tree: Table2, jupyter: NotebookText, code: FileCode, other: FileIcon,
}

export function kindOf(path: string, contentType = ''): Kind {
  const known = BY_EXTENSION[extensionOf(path)]
  return known ?? BY_TYPE.find(([begin]) => contentType.startsWith(begin))?.[1] ?? 'other'
}

export function iconOf(kind: Kind): Component {
  return ICONS[kind]
}

/** Those that are text, and that the editor opens. */
export function isText(kind: Kind): boolean {
  return ['note', 'view', 'code', 'table', 'tree'].includes(kind)
}

