import { expect, test } from 'vitest'

import type { Tag } from '@/stores/tags'

import { tagCount, tagRows } from './tagRows'

const tag = (name: string, children: Tag[] = []): Tag => ({ tag: name, count: 1, children })
const TAGS = [tag('a', [tag('a/b', [tag('a/b/c')]), tag('a/d')]), tag('x')]
const names = (open: string[], filter: string) => tagRows(TAGS, (name) => open.includes(name), filter).map((row) => `${'.'.repeat(row.depth)}${row.tag.tag}`)

test.each([
  [[], '', ['a', 'x']],
  [['a'], '', ['a', '.a/b', '.a/d', 'x']],
  [['a', 'a/b'], '', ['a', '.a/b', '..a/b/c', '.a/d', 'x']],
  [['a/b'], '', ['a', 'x']],
  [[], ' C ', ['a', '.a/b', '..a/b/c']],
  [[], 'nothing', []],
])('open %j, filter %j', (open, filter, expected) => {
  expect(names(open, filter)).toEqual(expected)
})

test('rows say where they stand among their siblings, and tags below others are counted', () => {
  expect(tagRows(TAGS, () => true, '').find((row) => row.tag.tag === 'a/d')).toMatchObject({ position: 2, siblings: 2, isOpen: false })
  expect(tagCount(TAGS)).toBe(5)
})
