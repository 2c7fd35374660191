/** What a `.cdx` says, as far as the page needs it. The query itself is read by the server alone. */
import { parse } from 'yaml'

import { findHead } from '@/editor/frontmatter'

export type Json = Record<string, unknown>

export interface Column {
  id: string
  title: string
  /** The value that a card gets in this column. */
  value?: string
}

export interface Definition {
  type: string
  title: string
  /** The body of the query: a mapping. */
  query: Json
  config: Json
  columns: Column[]
  /** Markdown below the head. */
  about: string
  groupBy?: string
  /** The property that puts notes on a day. */
  dateProperty?: string
}

/** So many are asked for where the view sets no limit: all that a page can have. */
const MOST = 10_000

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Throws where it is no view, with what is wrong. */
export function readDefinition(text: string, notebook: string): Definition {
  const head = findHead(text)
  if (!head) throw new Error('a view begins with `---` and says `type: view`')
  const read: unknown = parse(text.slice(head.from, head.to))
  if (!isJson(read)) throw new Error('the head of a view is a list of `key: value`')
  const own = typeof read.query === 'string' ? { q: read.query } : isJson(read.query) ? read.query : {}
  const query: Json = { limit: MOST, ...(isJson(read.aggregate) ? { aggregate: read.aggregate } : {}), ...own }
  if (query.notebooks === undefined && query.notebook_ids === undefined) query.notebooks = [notebook]
  const config = isJson(read.config) ? read.config : {}
  const type = typeof read.view_type === 'string' ? read.view_type : 'table'
  const date = typeof config.date_property === 'string' ? config.date_property : query.date_property
  // A query by itself would do nothing with it, and say so.
  if (type === 'calendar' && query.date_after === undefined && query.date_before === undefined) delete query.date_property
  return {
    type,
    title: typeof read.title === 'string' ? read.title : '',
    query,
    config,
    columns: columnsOf(config.columns, query.group_by),
    about: text.slice(head.body).trim(),
    ...(typeof query.group_by === 'string' ? { groupBy: query.group_by } : {}),
    ...(typeof date === 'string' ? { dateProperty: date } : {}),
  }
}

function columnsOf(columns: unknown, groupBy: unknown): Column[] {
  if (!Array.isArray(columns)) return []
  return columns.flatMap((one: unknown): Column[] => {
    if (typeof one === 'string') return [{ id: one, title: one }]
    if (!isJson(one) || typeof one.id !== 'string') return []
    const filter = isJson(one.filter) && typeof groupBy === 'string' ? one.filter[groupBy] : undefined
    const value = typeof filter === 'string' || typeof filter === 'number' || typeof filter === 'boolean' ? String(filter) : one.id
    return [{ id: one.id, title: typeof one.title === 'string' ? one.title : one.id, value }]
  })
}

/** The property that a group stands for; of `month(date)` it can be set by no drag. */
export function groupProperty(groupBy: string | undefined): string | undefined {
  return groupBy !== undefined && /^[\w.-]+$/.test(groupBy) && !['tag', 'tags', 'folder', 'type', 'notebook'].includes(groupBy) ? groupBy : undefined
}
