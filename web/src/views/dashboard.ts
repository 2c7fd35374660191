/** What the rows of a dashboard hold: `config.layout`, as the original Codex has it, and views that stand within it. */
import type { InjectionKey } from 'vue'

import { resolved } from '@/editor/noteLinks'

import { definitionOf, isJson } from './definition'
import type { Definition, Json } from './definition'

export interface Panel {
  /** Twelfths of the row. */
  span: number
  /** Of the panel; else that of its view. */
  title: string
  /** In pixels, where the row says it. */
  height?: number
  /** The path of a `.cdx`, as it is written. */
  path?: string
  /** The notebook of that path; else that of the dashboard. */
  notebook?: string
  /** A view that stands here itself. */
  own?: Definition
  fault?: string
}

/** Which views one is in, outermost first: `notebook/path`. */
export interface ViewPlace {
  notebook: string
  /** Empty within a view that is no file. */
  path: string
  chain: string[]
}

export const VIEW_PLACE: InjectionKey<ViewPlace> = Symbol('view place')

const TWELFTHS = 12
const MOST_PANELS = 40
const LOWEST = 120
const HIGHEST = 1600
/** Dashboards within dashboards: more than so many are a mistake. */
const DEEPEST = 3
/** So many notes are enough for a panel that lists them. */
const LISTED = 200
const LISTS = ['table', 'list', 'task-list', 'gallery']

/** Rows of panels; none of a view that is no dashboard, or one without a layout. */
export function layoutOf(definition: Definition): Panel[][] {
  const { layout } = definition.config
  if (definition.type !== 'dashboard' || !Array.isArray(layout)) return []
  let left = MOST_PANELS
  return layout
    .map((row: unknown) => {
      const panels = panelsOf(row, definition).slice(0, left)
      left -= panels.length
      return panels
    })
    .filter((row) => row.length > 0)
}

function panelsOf(row: unknown, { query }: Definition): Panel[] {
  const components = Array.isArray(row) ? (row as unknown[]) : isJson(row) && Array.isArray(row.components) ? (row.components as unknown[]) : [row]
  const height = isJson(row) && Array.isArray(row.components) ? heightOf(row.height) : undefined
  const notebook = Array.isArray(query.notebooks) && typeof query.notebooks[0] === 'string' ? query.notebooks[0] : ''
  const panels = components.map((one) => ({ ...(height === undefined ? {} : { height }), ...panelOf(one, notebook) }))
  // Those that say no span share what the others leave of the row.
  const taken = panels.reduce((sum, panel) => sum + (panel.span ?? 0), 0)
  const open = panels.filter((panel) => panel.span === undefined).length
  const span = taken < TWELFTHS ? (TWELFTHS - taken) / open : TWELFTHS / panels.length
  return panels.map((panel) => ({ span: Math.max(1, Math.floor(span)), ...panel }))
}

function panelOf(one: unknown, notebook: string): Omit<Panel, 'span'> & { span?: number } {
  if (typeof one === 'string') return { title: '', path: one }
  if (!isJson(one)) return { title: '', fault: 'A panel is the path of a view, or says `view`, or `view_type` and `query`.' }
  const title = typeof one.title === 'string' ? one.title : ''
  const height = heightOf(one.height)
  const own = { title, ...(typeof one.span === 'number' ? { span: Math.min(TWELFTHS, Math.max(1, Math.round(one.span))) } : {}), ...(height === undefined ? {} : { height }) }
  if (typeof one.view === 'string') return { ...own, path: one.view, ...(typeof one.notebook === 'string' ? { notebook: one.notebook } : {}) }
  if (one.view_type === undefined && one.query === undefined) return { ...own, fault: 'This panel names no `view`, and has no `query` of its own.' }
  return { ...own, own: embeddable(definitionOf(one, notebook)) }
}

function heightOf(value: unknown): number | undefined {
  return typeof value === 'number' ? Math.min(HIGHEST, Math.max(LOWEST, value)) : undefined
}

/** A view as a panel asks for it: where it lists notes, the first of them are enough. */
export function embeddable(definition: Definition): Definition {
  const { limit } = definition.query
  const isShort = typeof limit === 'number' && limit <= LISTED
  return isShort || !LISTS.includes(definition.type) ? definition : { ...definition, query: { ...definition.query, limit: LISTED } satisfies Json }
}

/** Where the view of a panel may be: as seen from the folder of the dashboard, else from the root of its notebook. */
export function candidates(path: string, folder: string): string[] {
  return [...new Set([resolved(folder, path), resolved('', path)])].filter((one) => one !== undefined && one !== '') as string[]
}

/** Why a view may not be drawn within another; `undefined` where it may. One that is no file has no name. */
export function faultOfNesting(chain: string[], name: string): string | undefined {
  if (name !== '' && chain.includes(name)) return 'A dashboard cannot be a panel of itself.'
  return chain.length > DEEPEST ? 'Dashboards are too deep within each other here.' : undefined
}
