/** Groups of what was found, in the order and under the names that a view gives them. */
import type { File, Schemas } from '@/api/client'

import type { Definition } from './definition'

/** How the server calls the group of notes without a value. */
export const NONE = '_none'

export interface Group {
  id: string
  title: string
  /** What a note gets that is put here; `null` takes the property away. */
  value: string | null
  files: File[]
  /** More than so many are too many. */
  limit: number | null
}

/** Groups that have notes; `undefined` where the view asks for none. */
export function groupsOf(definition: Definition, result: Schemas['QueryResult']): Group[] | undefined {
  const groups = result.groups
  if (!groups) return undefined
  return Object.entries(groups).filter(([, files]) => files.length > 0).map(([value, files]) => groupOf(definition, value, files))
}

/** The groups that the view names, also those without notes; then those that it does not name. */
export function lanesOf(definition: Definition, result: Schemas['QueryResult']): Group[] {
  const groups = (result.groups ?? {}) as Record<string, File[]>
  const named = definition.columns.map(({ id, title, value = id, limit = null }): Group => ({ id, title, value, files: groups[value] ?? [], limit }))
  const known = new Set(named.map(({ value }) => value))
  const others = Object.entries(groups).filter(([value, files]) => !known.has(value) && files.length > 0)
  return [...named, ...others.map(([value, files]) => groupOf(definition, value, files))]
}

function groupOf({ groupBy }: Definition, id: string, files: File[]): Group {
  return { id, title: id === NONE ? `Without ${nameOf(groupBy)}` : periodText(groupBy, id), value: id === NONE ? null : id, files, limit: null }
}

function nameOf(groupBy: string | undefined): string {
  return groupBy?.replace(/^\w+\((.*)\)$/, '$1') ?? 'a value'
}

const month = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' })
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })

/** `2026-11` of `month(due)` is November 2026. */
export function periodText(groupBy: string | undefined, value: string): string {
  const period = /^(day|week|month)\(/.exec(groupBy ?? '')?.[1]
  if (period === 'month' && /^\d{4}-\d{2}$/.test(value)) return month.format(new Date(`${value}-01T00:00:00Z`))
  if (period === 'day' && /^\d{4}-\d{2}-\d{2}$/.test(value)) return day.format(new Date(`${value}T00:00:00Z`))
  const week = period === 'week' ? /^(\d{4})-W0?(\d+)$/.exec(value) : null
  return week ? `Week ${week[2] ?? ''}, ${week[1] ?? ''}` : value
}

/** Whether groups are spans of time, of which the latest is looked at first. */
export function isTimed(groupBy: string | undefined): boolean {
  return /^(day|week|month|year)\(/.test(groupBy ?? '')
}
