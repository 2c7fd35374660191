import { expect, test } from 'vitest'

import { widthOfStart } from './hanging'

const widthOf = (text: string) => text.length * 5

test.each([
  ['a bullet', { indent: '', mark: '-', isBullet: true, isTask: false }, 7 + 5],
  ['a bullet whose mark is edited', { indent: '', mark: '-', isBullet: false, isTask: false }, 5 + 5],
  ['a number', { indent: '', mark: '12.', isBullet: false, isTask: false }, 15 + 5],
  ['one within another', { indent: '  ', mark: '-', isBullet: true, isTask: false }, 10 + 7 + 5],
  ['one behind a tab', { indent: '\t', mark: '-', isBullet: true, isTask: false }, 20 + 7 + 5],
  ['a task', { indent: '', mark: '', isBullet: false, isTask: true }, 5 + 10.5 + 4 + 5],
])('%s hangs by the width of what stands before its words', (_, start, expected) => {
  expect(widthOfStart(start, widthOf, 10)).toBe(expected)
})
