import { describe, expect, it } from 'vitest'

import type { File, Schemas } from '@/api/client'

import { readDefinition } from './definition'
import { fits, sectionsOf } from './rollup'

const note = (ref: string, properties: Record<string, unknown>) => ({ ref, title: ref, properties }) as unknown as File
const [a, b, c] = [note('a', { status: 'todo', tags: ['x', 'y'] }), note('b', { status: 'done', n: 3 }), note('c', {})]
const sections = (rest: string, groups: Record<string, File[]> | null = null) =>
  sectionsOf(readDefinition(`---\nview_type: rollup\n${rest}\n---\n`, 'lab'), { files: [a, b, c], groups } as unknown as Schemas['QueryResult'])?.map(({ title, files }) => [title, files.map(({ ref }) => ref).join()])

describe('sections of a rollup', () => {
  it('are spans of time, the latest first and those without a date last', () => {
    const groups = { '2026-10': [a], '2026-11': [b], _none: [c] }
    expect(sections('query: {group_by: month(due)}', groups)).toEqual([['November 2026', 'b'], ['October 2026', 'a'], ['Without due', 'c']])
    expect(sections('config: {group_by: created_at, group_format: week}', { '2026-W07': [a], '2026-W45': [b] })).toEqual([['Week 45, 2026', 'b'], ['Week 7, 2026', 'a']])
    expect(sections('query: {group_by: day(due)}', { '2026-11-02': [a] })).toEqual([['Mon, 2 Nov 2026', 'a']])
  })

  it('are groups in their order, or none', () => {
    expect(sections('query: {group_by: status}', { done: [b], todo: [a], gone: [], _none: [c] })).toEqual([['done', 'b'], ['todo', 'a'], ['Without status', 'c']])
    expect(sections('query: {}')).toBeUndefined()
  })

  it('are those that the view names, of all that is found', () => {
    const named = 'config: {sections: [{title: Open, filter: {status: [todo, doing]}}, {filter: {tags: x}}, {title: All}, 5]}'
    expect(sections(named)).toEqual([['Open', 'a'], ['x', 'a'], ['All', 'a,b,c']])
    expect(sections(`query: {group_by: tag}\n${named}`, { x: [a], y: [a], _none: [b] })?.at(-1)).toEqual(['All', 'a,b'])
  })

  it.each<[Record<string, unknown>, boolean]>([[{ status: 'done' }, true], [{ status: 'done', n: [1, 3] }, true], [{ status: 'done', n: 4 }, false], [{ nothing: 'x' }, false], [{}, true]])('hold a note by %j: %s', (filter, isIn) => {
    expect(fits(b, filter)).toBe(isIn)
  })
})
