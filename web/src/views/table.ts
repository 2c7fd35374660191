/** Rows and columns of a table: which there are, how wide they are, what stands in the `.cdx` of them. */
import type { File } from '@/api/client'
import type { Value } from '@/editor/frontmatter'
import type { Order } from '@/lib/order'

import { isJson } from './definition'
import type { Column, Definition } from './definition'
import type { Figure } from './figures'
import { figureText } from './figures'
import type { Group } from './groups'
import { BUILT_IN_KEYS, compareValues, textOf, valueOf } from './values'

/** A row of the table: a note, or the heading of a group. */
export type Row = { key: string; group: Group; isOpen: boolean } | { key: string; file: File }

export const NARROWEST = 64
export const WIDEST = 900
const MOST_COLUMNS = 8
const SAMPLE = 60
const LONGEST = 46
/** About so wide is a letter, and the room beside the text of a cell. */
const LETTER = 7.3
const BESIDE = 30

/** Those that the view names, else what the first notes have. */
export function columnsOf(definition: Definition, files: File[]): Column[] {
  if (definition.columns.length > 0) return definition.columns
  const keys = new Set(files.slice(0, SAMPLE).flatMap((file) => Object.keys(file.properties)))
  for (const key of ['title', 'type']) keys.delete(key)
  return ['title', ...[...keys].slice(0, MOST_COLUMNS)].map((id) => ({ id, title: id }))
}

/** What else could be a column: what the index knows of each note, and what notes have. */
export function offeredColumns(columns: Column[], files: File[]): string[] {
  const own = files.slice(0, 4 * SAMPLE).flatMap((file) => Object.keys(file.properties))
  const shown = new Set(columns.map(({ id }) => id))
  return [...new Set([...BUILT_IN_KEYS, ...own.sort((a, b) => a.localeCompare(b))])].filter((key) => !shown.has(key))
}

/** Whether the values of a column are numbers, as far as one looks. */
export function isNumeric(files: File[], id: string): boolean {
  const values = files.slice(0, SAMPLE).map((file) => valueOf(file, id)).filter((value) => value !== undefined && value !== null)
  return values.length > 0 && values.every((value) => typeof value === 'number')
}

/** As wide as what the first rows hold. */
export function naturalWidth({ id, title }: Column, files: File[], figures: Figure[]): number {
  const texts = [`${title}  `, ...files.slice(0, SAMPLE).map((file) => textOf(valueOf(file, id))), ...figures.map(figureLine)]
  const longest = Math.min(LONGEST, texts.reduce((most, text) => Math.max(most, text.length), 0))
  return Math.max(NARROWEST + 20, Math.round(longest * LETTER) + BESIDE)
}

export function figureLine({ name, value }: Figure): string {
  return `${name} ${figureText(value) || '–'}`
}

/** Notes in the order of a column; in groups within each, and of those that are shut the heading alone. */
export function rowsOf(groups: Group[] | undefined, files: File[], shut: ReadonlySet<string>, order: Order<string> | null): Row[] {
  if (!groups) return sorted(files, order).map((file) => ({ key: file.ref, file }))
  return groups.flatMap((group): Row[] => {
    const isOpen = !shut.has(group.id)
    const heading: Row = { key: `group ${group.id}`, group, isOpen }
    // A note with two tags stands in two groups.
    return isOpen ? [heading, ...sorted(group.files, order).map((file) => ({ key: `${group.id} ${file.ref}`, file }))] : [heading]
  })
}

function sorted(files: File[], order: Order<string> | null): File[] {
  if (!order) return files
  const { key, isDown } = order
  const values = files.map((file) => ({ file, value: valueOf(file, key) }))
  return values.sort((a, b) => (isDown ? -1 : 1) * compareValues(a.value, b.value)).map(({ file }) => file)
}

/** `config.columns` for columns in this order: what the file says of each stays. */
export function entriesOf(listed: unknown, ids: string[], widths: ReadonlyMap<string, number | undefined> = new Map()): Value[] {
  const before = (Array.isArray(listed) ? listed : []) as Value[]
  return ids.map((id): Value => {
    const found = before.find((one) => one === id || (isJson(one) && one.id === id))
    if (!widths.has(id)) return found ?? { id }
    const entry = { ...(isJson(found) ? (found as Record<string, Value>) : { id }) }
    const width = widths.get(id)
    if (width === undefined) delete entry.width
    else entry.width = width
    return entry
  })
}
