import { expect, it } from 'vitest'

import { readSort, writeSort } from './sorting'

it.each([
  ['loss', 'loss'], ['-modified,title', 'modified desc, title'], ['priority desc, due', 'priority desc, due'], [['a asc', '-b'], 'a, b desc'], ['-a desc', 'a'], ['', undefined], [undefined, undefined], [5, undefined],
])('%j is sorted by %j', (value, written) => {
  expect(writeSort(readSort(value))).toBe(written)
})
