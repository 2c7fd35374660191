import { describe, expect, it } from 'vitest'

import { rangeIn, rangeOf } from './virtual'

describe('rows to be seen', () => {
  it.each<[number, number, number, unknown]>([[0, 300, 1000, { from: 0, to: 18 }], [3000, 300, 1000, { from: 92, to: 118 }], [0, 300, 5, { from: 0, to: 5 }], [0, 300, 0, { from: 0, to: 0 }]])('of one height at %i', (top, seen, count, range) => {
    expect(rangeOf(top, seen, 30, count)).toEqual(range)
  })

  it('of their own heights are those of one height where all have the same', () => {
    const starts = Array.from({ length: 1001 }, (_, index) => index * 30)
    expect([rangeIn(starts, 3010, 300), rangeIn(starts, 0, 300), rangeIn([0], 0, 300)]).toEqual([{ from: 92, to: 119 }, { from: 0, to: 19 }, { from: 0, to: 0 }])
  })

  it('of their own heights hold what is at the edges', () => {
    const starts = [0, 100, 1000, 1010, 5000, ...Array.from({ length: 50 }, (_, index) => 5100 + index * 100)]
    expect(rangeIn(starts, 4000, 1050)).toEqual({ from: 0, to: 13 })
    expect(rangeIn(starts, 9950, 100).to).toBe(54)
  })
})
