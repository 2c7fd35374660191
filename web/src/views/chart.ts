/** What a chart shows: a property of notes over another, or a figure of each group. */
import type { File, Schemas } from '@/api/client'

import { dayOfValue } from './calendar'
import type { Definition } from './definition'
import { FUNCTIONS, figureOf, numbersOf } from './figures'
import { NONE } from './groups'
import { textOf, valueOf } from './values'

export interface Point {
  label: string
  /** A number, days since 1970, or the place in the row of names. */
  x: number
  y: number
}

export interface Chart {
  kind: 'bar' | 'line' | 'scatter'
  across: string
  up: string
  scale: 'number' | 'date' | 'name'
  points: Point[]
  /** Notes that have no value to be shown. */
  missing: number
}

const DAY_MS = 86_400_000

export function chartOf(definition: Definition, result: Schemas['QueryResult']): Chart {
  const { chart, x, y } = definition.config
  const kind = chart === 'line' || chart === 'scatter' ? chart : 'bar'
  const up = typeof y === 'string' ? y : ''
  const across = typeof x === 'string' ? x : ''
  if (result.groups && (across === '' || across === definition.groupBy)) return ofGroups(definition, result.groups, kind, up)
  if (up === '') return ofGroups({ ...definition, groupBy: across || 'title' }, groupsBy(result.files, across || 'title'), kind, up)
  return ofNotes(result.files, kind, across || 'title', up)
}

/** How many notes each group has, or the figure that the view asks for. */
function ofGroups(definition: Definition, groups: Record<string, File[]>, kind: Chart['kind'], up: string): Chart {
  const name = up === '' ? 'count' : functionOf(definition, up)
  const points: Point[] = []
  let missing = 0
  for (const [key, files] of Object.entries(groups)) {
    if (files.length === 0) continue
    const values = up === '' ? files.map(() => 1) : numbersOf(files, up)
    missing += files.length - values.length
    const figure = figureOf(name, values)
    if (figure !== undefined && (up === '' || values.length > 0)) points.push({ label: key === NONE ? 'None' : key, x: points.length, y: figure })
  }
  return { kind, across: definition.groupBy ?? '', up: up === '' ? 'Notes' : `${name} of ${up}`, scale: 'name', points, missing }
}

function functionOf(definition: Definition, up: string): string {
  const { function: named } = definition.config
  const { aggregate } = definition.query
  const asked = typeof aggregate === 'object' && aggregate !== null ? (aggregate as Record<string, unknown>)[up] : undefined
  const found = [named, ...(Array.isArray(asked) ? (asked as unknown[]) : [asked])].find((one) => FUNCTIONS.some((known) => known === one))
  return typeof found === 'string' ? found : 'avg'
}

function ofNotes(files: File[], kind: Chart['kind'], across: string, up: string): Chart {
  const values = files.flatMap((file) => {
    const x = valueOf(file, across)
    const y = valueOf(file, up)
    return typeof y === 'number' && x !== undefined && x !== null ? [{ x, y }] : []
  })
  const isDate = values.length > 0 && values.every(({ x }) => dayOfValue(x) !== undefined)
  const isNumber = values.length > 0 && values.every(({ x }) => typeof x === 'number')
  // Bars stand side by side, whatever is written below them.
  const scale = kind === 'bar' || (!isDate && !isNumber) ? 'name' : isDate ? 'date' : 'number'
  const points = values.map(({ x, y }, index): Point => ({ label: textOf(x), x: scale === 'number' ? Number(x) : scale === 'date' ? dayOf(x) : index, y }))
  if (scale !== 'name') points.sort((a, b) => a.x - b.x)
  return { kind, across, up, scale, points, missing: files.length - points.length }
}

function groupsBy(files: File[], key: string): Record<string, File[]> {
  const groups = new Map<string, File[]>()
  for (const file of files) {
    const name = textOf(valueOf(file, key)) || NONE
    const group = groups.get(name)
    if (group) group.push(file)
    else groups.set(name, [file])
  }
  return Object.fromEntries(groups)
}

function dayOf(value: unknown): number {
  return Date.parse(`${dayOfValue(value) ?? ''}T00:00:00Z`) / DAY_MS
}

const inYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

/** How days are written on an axis: within one year without it. */
export function daysOf(from: number, to: number): { year: string | undefined; textOf: (days: number) => string } {
  const date = (days: number) => new Date(days * DAY_MS)
  const [first, last] = [from, to].map((days) => date(days).toISOString().slice(0, 4))
  if (first !== last) return { year: undefined, textOf: (days) => date(days).toISOString().slice(0, 10) }
  return { year: first, textOf: (days) => inYear.format(date(days)) }
}
