import { expect, test } from 'vitest'

import { filledName } from './templates'

test.each([
  ['{{date}}-meeting', '2026-11-03-meeting'],
  ['{{ yyyy }}/{{mm}}/{{dd}} {{hh}}{{min}}', '2026/11/03 0405'],
  ['note', 'note'],
  ['{{who}} {{', '{{who}} {{'],
])('%s is called %s', (name, expected) => {
  expect(filledName(name, new Date(2026, 10, 3, 4, 5))).toBe(expected)
})
