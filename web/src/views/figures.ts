/** Figures of notes, as the server takes them of all that is found: here of a part of it. */
import type { File } from '@/api/client'

import { textOf, valueOf } from './values'

export const FUNCTIONS = ['count', 'sum', 'avg', 'min', 'max', 'median'] as const

export interface Figure {
  /** `min`, `avg`. */
  name: string
  value: unknown
}

const SMALLEST = 1e-4
const LARGEST = 1e15
const DATE = /^\d{4}-\d{2}/
const digits = new Intl.NumberFormat('en', { maximumSignificantDigits: 6, useGrouping: 'min2' })
// No digit of a whole number is dropped.
const whole = new Intl.NumberFormat('en', { useGrouping: 'min2' })

/** A figure as it is read: `0.2175`, `12,500`, `1.5e-6`. */
export function figureText(value: unknown): string {
  if (typeof value !== 'number') return textOf(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < SMALLEST || size >= LARGEST)) return value.toExponential(5).replace(/\.?0+e/, 'e').replace('e+', 'e')
  return Number.isInteger(value) ? whole.format(value) : digits.format(value)
}

/** A figure of numbers; `undefined` of none, but for how many there are. */
export function figureOf(name: string, values: number[]): number | undefined {
  if (name === 'count') return values.length
  const [first] = values
  if (first === undefined) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const sum = values.reduce((a, b) => a + b, 0)
  if (name === 'sum') return sum
  if (name === 'min') return sorted[0]
  if (name === 'max') return sorted.at(-1)
  if (name === 'median') return ((sorted[Math.ceil(middle) - 1] ?? first) + (sorted[Math.floor(middle)] ?? first)) / 2
  return sum / values.length
}

/** The numbers that notes have of a property, also those in lists. */
export function numbersOf(files: File[], key: string): number[] {
  if (key === 'size') return files.map((file) => file.size)
  return files.flatMap((file) => elementsOf(file, key)).filter((value): value is number => typeof value === 'number')
}

/** What the result has of a property, in the order of the names. */
export function figuresAt(aggregates: Record<string, unknown>, key: string): Figure[] {
  const found = aggregates[key]
  return typeof found === 'object' && found !== null ? Object.entries(found).map(([name, value]) => ({ name, value: value as unknown })) : []
}

/** The same figures that the result has of all notes, of some of them. */
export function figuresOf(files: File[], aggregates: Record<string, unknown>): Record<string, Record<string, unknown>> {
  return Object.fromEntries(Object.keys(aggregates).map((key) => [key, Object.fromEntries(figuresAt(aggregates, key).map(({ name }) => [name, one(files, key, name)]))]))
}

function one(files: File[], key: string, name: string): unknown {
  if (key === '_') return name === 'count' ? files.length : null
  if (name === 'count') return files.filter((file) => elementsOf(file, key).length > 0).length
  const numbers = numbersOf(files, key)
  if (numbers.length > 0 || (name !== 'min' && name !== 'max')) return figureOf(name, numbers) ?? null
  const dates = files.flatMap((file) => elementsOf(file, key)).filter((value): value is string => typeof value === 'string' && DATE.test(value)).sort()
  return (name === 'min' ? dates[0] : dates.at(-1)) ?? null
}

function elementsOf(file: File, key: string): unknown[] {
  const value = valueOf(file, key)
  return (Array.isArray(value) ? (value as unknown[]) : [value]).filter((element) => element !== null && element !== undefined)
}
