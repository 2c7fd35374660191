/**
 * Changes of the head of a view, made in its text: a change touches the lines of its key and no other byte, so comments,
 * unknown keys and the order that somebody chose stay.
 */
import { isCollection, isMap, isScalar, isSeq, parse, parseDocument, stringify } from 'yaml'
import type { Pair, YAMLMap, YAMLSeq } from 'yaml'

import { findHead } from '@/editor/frontmatter'
import type { Value } from '@/editor/frontmatter'

export interface Edit {
  path: string[]
  /** `undefined` takes the key away. */
  value: Value | undefined
}

interface Mapping {
  [key: string]: Value
}

/** What an empty `.cdx` becomes. */
export const FIRST = '---\ntype: view\nview_type: table\nquery: {}\n---\n'

/** The head as a value; empty where there is none. */
export function headOf(text: string): Mapping {
  const head = findHead(text)
  const read: unknown = head ? parse(text.slice(head.from, head.to)) : null
  return isMapping(read) ? read : {}
}

/** What stands at a path; a query that is a search line is one that says `where`. */
export function valueAt(head: Mapping, path: string[]): Value | undefined {
  return path.reduce<Value | undefined>((at, key) => (at === undefined ? undefined : asMapping(at)[key]), head)
}

/** Edits after those that were there; a later one of the same key replaces the earlier, and one that changes nothing goes. */
export function withEdit(edits: Edit[], edit: Edit, text: string): Edit[] {
  const name = edit.path.join('\n')
  const others = edits.filter(({ path }) => path.join('\n') !== name)
  return isSame(valueAt(headOf(text), edit.path), edit.value) ? others : [...others, edit]
}

export function applied(text: string, edits: Edit[]): string {
  return edits.reduce((now, { path, value }) => setAt(now, path, value), text)
}

/** The text with a value at a path of keys. */
export function setAt(text: string, path: string[], value: Value | undefined): string {
  const head = findHead(text)
  if (!head) return text
  const end = /\r\n/.test(text) ? '\r\n' : '\n'
  const yaml = text.slice(head.from, head.to).replace(/\r\n/g, '\n')
  if (isSame(valueAt(headOf(text), path), value)) return text
  return text.slice(0, head.from) + setIn(yaml, path, value).replace(/\n/g, end) + text.slice(head.to)
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asMapping(value: Value): Mapping {
  if (isMapping(value)) return value
  return typeof value === 'string' && value !== '' ? { where: value } : {}
}

function isSame(one: Value | undefined, other: Value | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function setIn(yaml: string, path: string[], value: Value | undefined): string {
  const { contents } = parseDocument(yaml, { keepSourceTokens: true, version: '1.2', uniqueKeys: false })
  if (contents === null) return value === undefined ? yaml : inserted(yaml, null, yaml.length, path, value)
  if (!isMap(contents) || contents.flow) return stringify(merged(contents.toJSON() as Value, path, value), { lineWidth: 0 })
  return setBelow(yaml, contents, yaml.length, path, value)
}

/** In a mapping whose lines end before `end`. */
function setBelow(yaml: string, map: YAMLMap, end: number, path: string[], value: Value | undefined): string {
  const [key = '', ...rest] = path
  const at = map.items.findIndex((pair) => keyOf(pair) === key)
  const pair = map.items[at]
  if (!pair) return value === undefined ? yaml : inserted(yaml, map, end, path, value)
  const next = map.items[at + 1]
  const to = next ? lineStart(yaml, startOf(next)) : end
  if (rest.length === 0) return replaced(yaml, pair, to, value)
  if (isMap(pair.value) && !pair.value.flow && !isEmptied(pair.value, rest, value)) return setBelow(yaml, pair.value, ownEnd(yaml, pair, to), rest, value)
  const now = merged(asMapping(plain(pair.value)), rest, value)
  // A mapping whose last key goes, goes too; `query` stays.
  const isGone = key !== 'query' && isMapping(now) && Object.keys(now).length === 0
  return replaced(yaml, pair, to, isGone ? undefined : now)
}

function isEmptied(map: YAMLMap, rest: string[], value: Value | undefined): boolean {
  return value === undefined && rest.length === 1 && map.items.length === 1 && keyOf(map.items[0]) === rest[0]
}

function plain(node: unknown): Value {
  if (isScalar(node)) return typeof node.value === 'string' ? node.value : null
  return isCollection(node) ? (node.toJSON() as Value) : null
}

/** A mapping with a value deep in it. */
function merged(value: Value, path: string[], to: Value | undefined): Value {
  const [key, ...rest] = path
  if (key === undefined) return to ?? null
  const { [key]: old, ...others } = asMapping(value)
  if (rest.length === 0 && to === undefined) return others
  return { ...asMapping(value), [key]: merged(old ?? {}, rest, to) }
}

/** A key after the last one of its mapping, as far in as they are. */
function inserted(yaml: string, map: YAMLMap | null, end: number, [key = '', ...rest]: string[], value: Value): string {
  const first = map?.items[0]
  const start = first ? startOf(first) : 0
  const indent = start - lineStart(yaml, start)
  const before = yaml.slice(0, end)
  return (before === '' || before.endsWith('\n') ? before : `${before}\n`) + linesOf(key, merged({}, rest, value), indent) + yaml.slice(end)
}

function replaced(yaml: string, pair: Pair, to: number, value: Value | undefined): string {
  const start = startOf(pair)
  const from = lineStart(yaml, start)
  const till = ownEnd(yaml, pair, to)
  if (value === undefined) return yaml.slice(0, from) + yaml.slice(till)
  const range = isScalar(pair.value) || (isCollection(pair.value) && pair.value.flow) ? pair.value.range : undefined
  const short = inline(value)
  // A comment behind a value of one line stays where it is.
  if (range && range[1] > range[0] && short !== undefined && !yaml.slice(start, range[1]).includes('\n')) return yaml.slice(0, range[0]) + short + yaml.slice(range[1])
  const items = isSeq(pair.value) && !pair.value.flow && Array.isArray(value) ? itemsOf(yaml, pair.value, till, value) : undefined
  if (items) return yaml.slice(0, items.from) + items.lines + yaml.slice(till)
  return yaml.slice(0, from) + linesOf(keyOf(pair), value, start - from, isCollection(pair.value) && pair.value.flow === true) + yaml.slice(till)
}

/** A list that has lines for each of its values: those that stay keep theirs. */
function itemsOf(yaml: string, list: YAMLSeq, till: number, values: Value[]): { from: number; lines: string } | undefined {
  const starts = list.items.map((item) => ((isScalar(item) || isCollection(item)) && item.range ? lineStart(yaml, item.range[0]) : -1))
  const [from = -1] = starts
  const dash = /^ *- /.exec(yaml.slice(Math.max(0, from)))?.[0]
  if (values.length === 0 || dash === undefined || starts.some((start) => start < 0)) return undefined
  const before = list.items.map((item, index) => ({ value: plain(item), lines: yaml.slice(starts[index], starts[index + 1] ?? till) }))
  const lines = values.map((value) => {
    const at = before.findIndex((one) => isSame(one.value, value))
    const [kept] = at < 0 ? [] : before.splice(at, 1)
    return kept ? (kept.lines.endsWith('\n') ? kept.lines : `${kept.lines}\n`) : `${dash}${flow(value)}\n`
  })
  return { from, lines: lines.join('') }
}

/** Where the lines of a key end: comments below its value, as far out as the key or further, are of what follows. */
function ownEnd(yaml: string, pair: Pair, to: number): number {
  const start = startOf(pair)
  const from = lineStart(yaml, start)
  const lines = yaml.slice(from, to).split(/(?<=\n)/)
  const last = lines.findLastIndex((line, index) => index === 0 || (line.trim() !== '' && !(/^ *#/.test(line) && line.search(/#/) <= start - from)))
  return from + lines.slice(0, last + 1).join('').length
}

function startOf(pair: Pair): number {
  return isScalar(pair.key) && pair.key.range ? pair.key.range[0] : 0
}

function lineStart(yaml: string, at: number): number {
  return yaml.lastIndexOf('\n', at - 1) + 1
}

function keyOf(pair: Pair | undefined): string {
  return pair && isScalar(pair.key) ? String(pair.key.value) : ''
}

/** A value on the line of its key, where it has one; what has blocks of its own has none. */
function inline(value: Value): string | undefined {
  const text = typeof value === 'object' && value !== null ? flow(value) : stringify(value, { lineWidth: 0 }).trimEnd()
  return text.includes('\n') ? undefined : text
}

function flow(value: Value): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trimEnd()
}

/** `key: value` as one writes it: lists and what they hold on one line, mappings as blocks. */
function linesOf(key: string, value: Value, indent: number, isFlow = false): string {
  const name = stringify(key).trimEnd()
  const isShort = isFlow || Array.isArray(value) || (isMapping(value) && Object.keys(value).length === 0)
  const lines = isShort ? `${name}: ${flow(value)}\n` : isMapping(value) ? `${name}:\n${Object.entries(value).map(([one, inner]) => linesOf(one, inner, 2)).join('')}` : stringify({ [key]: value }, { lineWidth: 0 })
  return lines.replace(/^(?=.)/gm, ' '.repeat(indent))
}
