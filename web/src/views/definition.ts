/** What a `.cdx` says, as far as the page needs it. The query itself is read by the server alone. */
import { parse } from 'yaml'

import { findHead } from '@/editor/frontmatter'

export type Json = Record<string, unknown>

export interface Column {
  id: string
  title: string
  /** The value that a card gets in this column. */
  value?: string
  /** Of a table, in pixels. */
  width?: number
  /** Of a board: more cards than so many are too many. */
  limit?: number
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

/** So many are asked for where the view sets no limit, or a higher one: all that a page can have. */
export const MOST = 10_000

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** These draw groups alone, and those are of all that is found: files beside them would be the same once more. */
const OF_GROUPS = ['table', 'list', 'task-list', 'kanban', 'rollup']

/** Throws where it is no view, with what is wrong. */
export function readDefinition(text: string, notebook: string): Definition {
  const head = findHead(text)
  if (!head) throw new Error('a view begins with `---` and says `type: view`')
  const read: unknown = parse(text.slice(head.from, head.to))
  if (!isJson(read)) throw new Error('the head of a view is a list of `key: value`')
  return definitionOf(read, notebook, text.slice(head.body).trim())
}

/** A view of what its head says: also one that stands within another. */
export function definitionOf(read: Json, notebook: string, about = ''): Definition {
  const own = typeof read.query === 'string' ? { q: read.query } : isJson(read.query) ? read.query : {}
  const query: Json = { limit: MOST, ...(isJson(read.aggregate) ? { aggregate: read.aggregate } : {}), ...own }
  if (query.notebooks === undefined && query.notebook_ids === undefined) query.notebooks = [notebook]
  // A dashboard may have its rows beside `config`.
  const config: Json = { ...(Array.isArray(read.layout) ? { layout: read.layout as unknown[] } : {}), ...(isJson(read.config) ? read.config : {}) }
  query.group_by ??= groupOfConfig(config)
  const type = typeof read.view_type === 'string' ? read.view_type : 'table'
  if (own.limit === undefined && typeof query.group_by === 'string' && OF_GROUPS.includes(type)) query.limit = 1
  const date = typeof config.date_property === 'string' ? config.date_property : query.date_property
  // A query by itself would do nothing with it, and say so.
  if (type === 'calendar' && query.date_after === undefined && query.date_before === undefined) delete query.date_property
  return {
    type,
    title: typeof read.title === 'string' ? read.title : '',
    query,
    config,
    columns: columnsOf(config.columns, query.group_by),
    about,
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
    const limit = one.limit ?? one.wip
    return [{
      id: one.id, title: typeof one.title === 'string' ? one.title : one.id, value,
      ...(typeof one.width === 'number' && one.width > 0 ? { width: one.width } : {}), ...(typeof limit === 'number' ? { limit } : {}),
    }]
  })
}

/** Texts that a view lists under a key of its configuration. */
export function namesAt(config: Json, key: string): string[] {
  const listed = config[key]
  return Array.isArray(listed) ? listed.filter((one): one is string => typeof one === 'string') : []
}

/** As the server reads it: `config.group_by` with its `group_format`, else the one property that all columns filter by. */
function groupOfConfig(config: Json): string | undefined {
  const { group_by: by, group_format: format } = config
  if (typeof by === 'string') {
    const key = { created_at: 'created', file_created_at: 'created', updated_at: 'modified', modified_at: 'modified', file_modified_at: 'modified' }[by] ?? by.replace(/^properties\./, '')
    return ['created', 'modified'].includes(key) && ['day', 'week', 'month', 'year'].includes(String(format)) ? `${String(format)}(${key})` : key
  }
  const filters = Array.isArray(config.columns) ? config.columns.map((one: unknown) => (isJson(one) && isJson(one.filter) ? Object.keys(one.filter) : [])) : []
  const [first] = filters[0] ?? []
  return filters.every((keys) => keys.length === 1 && keys[0] === first) ? first : undefined
}

/** The property that a group stands for; of `month(date)` it can be set by no drag. */
export function groupProperty(groupBy: string | undefined): string | undefined {
  return groupBy !== undefined && /^[\w.-]+$/.test(groupBy) && !['tag', 'tags', 'folder', 'type', 'notebook'].includes(groupBy) ? groupBy : undefined
}
