/**
 * The properties at the head of a note, read and changed in its text. A change touches the lines of its key and no
 * other byte: order, comments and line ends stay as somebody wrote them.
 */
import { isCollection, isMap, isScalar, parseDocument, stringify } from 'yaml'
import type { Pair } from 'yaml'

export type Scalar = string | number | boolean | null
export type Value = Scalar | Value[] | { [key: string]: Value }

export interface Property {
  key: string
  value: Value
}

export interface Head {
  /** Where the YAML begins and ends in the text; the fences lie around it. */
  from: number
  to: number
  /** Where the body begins. */
  body: number
}

export interface Read {
  head: Head | null
  properties: Property[]
  /** Why they cannot be read: what the panel says instead of showing them. */
  fault?: string
}

/** Finds the fences; a head begins with the text. */
export function findHead(text: string): Head | null {
  const open = /^\uFEFF?---[ \t]*\r?\n/.exec(text)
  if (!open) return null
  const from = open[0].length
  const close = /^(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/m
  const rest = text.slice(from)
  const found = close.exec(rest)
  if (!found) return null
  return { from, to: from + found.index, body: from + found.index + found[0].length }
}

export function readProperties(text: string): Read {
  const head = findHead(text)
  if (!head) return { head, properties: [] }
  const yaml = parse(text.slice(head.from, head.to))
  const fault = yaml.errors[0]
  if (fault) return { head, properties: [], fault: fault.message.split('\n')[0] ?? 'not YAML' }
  if (yaml.contents === null) return { head, properties: [] }
  if (!isMap(yaml.contents)) return { head, properties: [], fault: 'a list of `key: value` is expected' }
  const properties = yaml.contents.items.map((pair) => ({ key: keyOf(pair), value: valueOf(pair) }))
  return { head, properties }
}

/** The text with a property set, or removed where the value is `undefined`. */
export function setProperty(text: string, key: string, value: Value | undefined): string {
  const head = findHead(text)
  const end = /\r\n/.test(text) ? '\r\n' : '\n'
  if (!head) {
    if (value === undefined) return text
    const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''
    return `${mark}---${end}${lineOf(key, value, end)}---${end}${text.slice(mark.length)}`
  }
  const yaml = text.slice(head.from, head.to)
  const found = linesOf(yaml, key)
  const line = value === undefined ? '' : lineOf(key, value, end)
  if (!found) {
    const before = yaml === '' || yaml.endsWith('\n') ? yaml : yaml + end
    return text.slice(0, head.from) + before + line + text.slice(head.to)
  }
  return text.slice(0, head.from + found.from) + line + found.comment + text.slice(head.from + found.to)
}

/** The text with a property under another name. */
export function renameProperty(text: string, from: string, to: string): string {
  const head = findHead(text)
  const pair = head ? pairOf(text.slice(head.from, head.to), from) : undefined
  const range = pair && isScalar(pair.key) ? pair.key.range : undefined
  if (!head || !range) return text
  return text.slice(0, head.from + range[0]) + stringify(to).trimEnd() + text.slice(head.from + range[1])
}

function parse(yaml: string) {
  return parseDocument(yaml, { keepSourceTokens: true, version: '1.2', uniqueKeys: false })
}

function pairOf(yaml: string, key: string): Pair | undefined {
  const { contents } = parse(yaml)
  return isMap(contents) ? contents.items.find((pair) => keyOf(pair) === key) : undefined
}

/** Whole lines of a key with its value, up to the next key; comments below it that stand at the margin are not its. */
function linesOf(yaml: string, key: string): { from: number; to: number; comment: string } | undefined {
  const { contents } = parse(yaml)
  if (!isMap(contents)) return undefined
  if (contents.flow) return undefined
  const at = contents.items.findIndex((pair) => keyOf(pair) === key)
  const pair = contents.items[at]
  const start = pair && isScalar(pair.key) ? pair.key.range[0] : undefined
  if (start === undefined) return undefined
  const from = yaml.lastIndexOf('\n', start - 1) + 1
  const next = contents.items[at + 1]
  const nextStart = next && isScalar(next.key) ? next.key.range[0] : undefined
  const to = nextStart === undefined ? yaml.length : yaml.lastIndexOf('\n', nextStart - 1) + 1
  const own = yaml.slice(from, to).split(/(?<=\n)/)
  const last = own.findLastIndex((line) => line.trim() !== '' && !line.startsWith('#'))
  return { from, to, comment: own.slice(last + 1).join('') }
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(isScalar(pair.key) && pair.key.source !== undefined ? pair.key.value : pair.key) : String(pair.key)
}

function valueOf(pair: Pair): Value {
  const { value } = pair
  if (isScalar(value)) return value.value instanceof Date ? String(value.source) : (value.value as Scalar)
  if (isCollection(value)) return value.toJSON() as Value
  return null
}

/** `key: value` as one writes it: short lists on one line. */
function lineOf(key: string, value: Value, end: string): string {
  const isShort = Array.isArray(value) && value.every((one) => typeof one !== 'object' || one === null)
  const pair = isShort
    ? `${stringify(key).trimEnd()}: ${stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trimEnd()}\n`
    : stringify({ [key]: value }, { lineWidth: 0 })
  return pair.replace(/\n/g, end)
}
