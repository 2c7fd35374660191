/** Values of notes, as they are shown and typed. */
import type { File } from '@/api/client'
import { sizeOf } from '@/lib/times'

/** What the index knows beside properties. */
const BUILT_IN: Record<string, (file: File) => unknown> = {
  title: (file) => file.title, name: (file) => file.filename, path: (file) => file.path, tags: (file) => file.tags, type: (file) => file.file_type,
  size: (file) => sizeOf(file.size), created: (file) => file.created_at.slice(0, 10), modified: (file) => file.file_modified_at.slice(0, 10),
}

export const BUILT_IN_KEYS = Object.keys(BUILT_IN)

export function isBuiltIn(key: string): boolean {
  return key in BUILT_IN
}

export function valueOf(file: File, key: string): unknown {
  const own = file.properties[key]
  if (own !== undefined) return own
  if (key in BUILT_IN) return BUILT_IN[key]?.(file)
  // `metrics.loss`.
  return key.split('.').reduce<unknown>((at, part) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined), file.properties)
}

export function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(textOf).join(', ')
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return JSON.stringify(value)
}

/** What was typed, as the kind of value that was there. */
export function typedAs(text: string, old: unknown): unknown {
  const trimmed = text.trim()
  if (trimmed === '') return null
  if (Array.isArray(old)) return trimmed.split(',').map((part) => part.trim()).filter(Boolean)
  if (typeof old === 'boolean') return /^(true|yes|1)$/i.test(trimmed)
  if ((typeof old === 'number' || old === undefined || old === null) && Number.isFinite(Number(trimmed))) return Number(trimmed)
  return trimmed
}

// Made once: `localeCompare` makes one for each pair.
const words = new Intl.Collator(undefined, { numeric: true })

/** Numbers by value, else by the words. */
export function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return words.compare(textOf(a), textOf(b))
}
