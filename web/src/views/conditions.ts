/**
 * Conditions on properties as rows of a form. In the `.cdx` they stand in three places: equality in `properties`, being
 * there in `properties_exists`, comparisons in the search line `where`; what else is in the line is left as it is.
 */
import type { Value } from '@/editor/frontmatter'

export type Operator = 'is' | 'exists' | 'missing' | '!=' | '<' | '<=' | '>' | '>='

export interface Condition {
  key: string
  operator: Operator
  value: string
}

export const OPERATORS: { value: Operator; label: string }[] = [
  { value: 'is', label: 'is' }, { value: '!=', label: 'is not' }, { value: '<', label: 'below' }, { value: '<=', label: 'at most' }, { value: '>', label: 'above' },
  { value: '>=', label: 'at least' }, { value: 'exists', label: 'is set' }, { value: 'missing', label: 'is not set' },
]

export interface Read {
  conditions: Condition[]
  /** The rest of the search line. */
  rest: string
  /** Values of `properties` that no row can say. */
  others: Record<string, Value>
}

export interface Written {
  where: string | undefined
  properties: Record<string, Value> | undefined
  properties_exists: string[] | undefined
}

const COMPARISON = /^("(?:[^"\\]|\\.)*"|[\p{L}_][\p{L}\d_.-]*)(!=|<=|>=|<|>)("(?:[^"\\]|\\.)*"|[^\s"(),{}]+)$/u
const BARE_KEY = /^[\p{L}_][\p{L}\d_.-]*$/u
const BARE_VALUE = /^[^\s"(),{}~<>=!*][^\s"(),{}]*$/u

export function readConditions(where: string, properties: Record<string, Value>, exists: string[]): Read {
  const read: Read = { conditions: [], rest: '', others: {} }
  for (const [key, value] of Object.entries(properties)) {
    const values = Array.isArray(value) ? value : [value]
    if (value === null) read.conditions.push({ key, operator: 'missing', value: '' })
    else if (values.length > 0 && values.every((one) => textOf(one) !== undefined)) read.conditions.push({ key, operator: 'is', value: values.map(textOf).join(', ') })
    else read.others[key] = value
  }
  for (const key of exists) read.conditions.push({ key, operator: 'exists', value: '' })
  const terms = termsOf(where)
  // With alternatives a term is no condition of its own.
  const isPlain = terms !== undefined && !terms.includes('OR')
  const rest: string[] = []
  for (const term of isPlain ? terms : []) {
    const found = COMPARISON.exec(term)
    if (found) read.conditions.push({ key: unquoted(found[1] ?? ''), operator: found[2] as Operator, value: unquoted(found[3] ?? '') })
    else rest.push(term)
  }
  read.rest = isPlain ? rest.join(' ') : where.trim()
  return read
}

/** Rows without a name, or without a value where one is needed, are not written yet. */
export function writeConditions({ conditions, rest, others }: Read): Written {
  const properties: Record<string, Value> = { ...others }
  const exists: string[] = []
  const terms: string[] = []
  for (const { key: typed, operator, value: text } of conditions) {
    const key = typed.trim()
    const value = text.trim()
    if (key === '' || (value === '' && operator !== 'exists' && operator !== 'missing')) continue
    if (operator === 'exists') exists.push(key)
    else if (operator === 'missing') properties[key] = null
    else if (operator === 'is' && !(key in properties)) properties[key] = typedValues(value)
    else terms.push(`${BARE_KEY.test(key) ? key : quoted(key)}${operator === 'is' ? '=' : operator}${BARE_VALUE.test(value) ? value : quoted(value)}`)
  }
  const line = rest.trim()
  const hasAlternatives = terms.length > 0 && (termsOf(line)?.includes('OR') ?? false)
  const where = [hasAlternatives ? `(${line})` : line, ...terms].filter((one) => one !== '').join(' ')
  return {
    where: where === '' ? undefined : where,
    properties: Object.keys(properties).length > 0 ? properties : undefined,
    properties_exists: exists.length > 0 ? exists : undefined,
  }
}

/** A line at its spaces, but for those in quotes and parentheses; `undefined` where they do not close. */
function termsOf(line: string): string[] | undefined {
  const terms: string[] = []
  let term = ''
  let depth = 0
  let isQuoted = false
  for (let at = 0; at < line.length; at++) {
    const sign = line.charAt(at)
    if (sign === '\\' && isQuoted) term += sign + line.charAt(++at)
    else if (/\s/.test(sign) && depth === 0 && !isQuoted) {
      if (term !== '') terms.push(term)
      term = ''
    } else {
      term += sign
      if (sign === '"') isQuoted = !isQuoted
      else if (!isQuoted && sign === '(') depth++
      else if (!isQuoted && sign === ')') depth--
    }
  }
  if (isQuoted || depth !== 0) return undefined
  return term === '' ? terms : [...terms, term]
}

function textOf(value: Value): string | undefined {
  // A comma in a value would be read as two values.
  if (typeof value === 'string') return value === '' || value.includes(',') || value !== value.trim() ? undefined : value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** `todo, doing` is one of both. */
function typedValues(text: string): Value {
  const values = text.split(',').map((part) => part.trim()).filter((part) => part !== '').map(typedValue)
  return values.length === 1 ? (values[0] ?? null) : values
}

function typedValue(text: string): Value {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : text
}

function quoted(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text
}
