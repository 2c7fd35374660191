/** How a property is edited, by what its value is. */
import type { Scalar, Value } from './frontmatter'

export type PropertyType = 'text' | 'number' | 'date' | 'checkbox' | 'list' | 'tags' | 'nested'

export const TYPES: { value: Exclude<PropertyType, 'nested'>; label: string; first: Value }[] = [
  { value: 'text', label: 'Text', first: '' },
  { value: 'number', label: 'Number', first: 0 },
  { value: 'date', label: 'Date', first: '' },
  { value: 'checkbox', label: 'Checkbox', first: false },
  { value: 'list', label: 'List', first: [] },
  { value: 'tags', label: 'Tags', first: [] },
]

export function typeOf(key: string, value: Value): PropertyType {
  if (key === 'tags' && (Array.isArray(value) || typeof value === 'string' || value === null)) return 'tags'
  if (Array.isArray(value)) return value.some((one) => typeof one === 'object' && one !== null) ? 'nested' : 'list'
  if (typeof value === 'object' && value !== null) return 'nested'
  if (typeof value === 'boolean') return 'checkbox'
  if (typeof value === 'number') return 'number'
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? 'date' : 'text'
}

/** The parts of a list; a text is a list of one, or of what its commas part where it is of tags. */
export function partsOf(key: string, value: Value): string[] {
  if (Array.isArray(value)) return value.map(String)
  if (value === null || value === '') return []
  if (typeof value === 'object') return []
  return key === 'tags' && typeof value === 'string' ? value.split(',').map((one) => one.trim()).filter(Boolean) : [String(value)]
}

/** What somebody typed, as the type that the property had: a list of numbers stays one. */
export function likeOthers(text: string, others: Scalar[]): Scalar {
  const isNumeric = others.length > 0 && others.every((one) => typeof one === 'number')
  return isNumeric && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}
