import { describe, expect, it } from 'vitest'

import type { File } from '@/api/client'

import { readDefinition } from './definition'
import type { Group } from './groups'
import { columnsOf, entriesOf, isNumeric, naturalWidth, offeredColumns, rowsOf } from './table'

const note = (title: string, properties: Record<string, unknown>) => ({ ref: title, title, properties, tags: [], created_at: '', file_modified_at: '' }) as unknown as File
const NOTES = [note('b', { loss: 0.3, status: 'todo' }), note('a', { loss: 0.1, status: 'done' }), note('c', { title: 'c', status: 'todo' })]
const [b, a, c] = NOTES as [File, File, File]
const GROUPS: Group[] = [
  { id: 'todo', title: 'todo', value: 'todo', files: [b, c], limit: null }, { id: '_none', title: 'Without status', value: null, files: [a], limit: null },
]
const view = (rest: string) => readDefinition(`---\nview_type: table\n${rest}\n---\n`, 'lab')
const keys = (groups: Group[] | undefined, shut: string[] = [], order: { key: string; isDown: boolean } | null = null) => rowsOf(groups, NOTES, new Set(shut), order).map(({ key }) => key)

describe('a table', () => {
  it('has the columns of the view, else those of the first notes', () => {
    expect(columnsOf(view('config: {columns: [{id: loss, width: 120}, status]}'), NOTES).map(({ id, width }) => [id, width])).toEqual([['loss', 120], ['status', undefined]])
    expect(columnsOf(view('config: {}'), NOTES).map(({ id }) => id)).toEqual(['title', 'loss', 'status'])
    expect(offeredColumns([{ id: 'title', title: 'title' }, { id: 'loss', title: 'loss' }], NOTES)).toEqual(['name', 'path', 'tags', 'type', 'size', 'created', 'modified', 'status'])
  })

  it('knows columns of numbers', () => expect([isNumeric(NOTES, 'loss'), isNumeric(NOTES, 'status'), isNumeric(NOTES, 'nothing')]).toEqual([true, false, false]))

  it('is as wide as what it holds, within reason', () => {
    expect(naturalWidth({ id: 'loss', title: 'loss' }, NOTES, [])).toBe(84)
    expect(naturalWidth({ id: 'title', title: 'title' }, [note('x'.repeat(400), {})], [])).toBe(366)
    expect(naturalWidth({ id: 'loss', title: 'loss' }, NOTES, [{ name: 'avg', value: 0.123456789 }])).toBe(118)
  })

  it.each<[string, string[], { key: string; isDown: boolean } | null, string[]]>([
    ['as found', [], null, ['group todo', 'todo b', 'todo c', 'group _none', '_none a']],
    ['shut', ['todo'], null, ['group todo', 'group _none', '_none a']],
    ['sorted', [], { key: 'title', isDown: true }, ['group todo', 'todo c', 'todo b', 'group _none', '_none a']],
  ])('has its groups %s', (_, shut, order, expected) => expect(keys(GROUPS, shut, order)).toEqual(expected))

  it('without groups is sorted as a whole', () => expect(keys(undefined, [], { key: 'title', isDown: false })).toEqual(['a', 'b', 'c']))

  it('writes columns with what the file says of them', () => {
    const listed = [{ id: 'loss', title: 'Loss', unit: 'nats' }, 'status']
    expect(entriesOf(listed, ['status', 'loss', 'due'])).toEqual(['status', { id: 'loss', title: 'Loss', unit: 'nats' }, { id: 'due' }])
    expect(entriesOf(listed, ['loss', 'status'], new Map([['status', 90], ['loss', 180]]))).toEqual([{ id: 'loss', title: 'Loss', unit: 'nats', width: 180 }, { id: 'status', width: 90 }])
    expect(entriesOf([{ id: 'loss', width: 80 }], ['loss'], new Map([['loss', undefined]]))).toEqual([{ id: 'loss' }])
    expect(entriesOf(undefined, ['title'])).toEqual([{ id: 'title' }])
  })
})
