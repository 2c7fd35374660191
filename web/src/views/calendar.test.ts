import { expect, it } from 'vitest'

import { dayOfValue, monthOf, weekOf } from './calendar'

it('months are whole weeks', () => {
  const november = monthOf(2026, 10)
  expect([november[0], november.at(-1), november.length]).toEqual(['2026-10-26', '2026-12-06', 42])
  expect(monthOf(2027, 1)).toHaveLength(28)
  expect(weekOf('2026-11-22')).toEqual(['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22'])
  expect(['2026-11-01', '2026-11-01T23:00:00Z', 5, 'soon'].map(dayOfValue)).toEqual(['2026-11-01', '2026-11-01', undefined, undefined])
})
