import { describe, expect, it } from 'vitest'

import { axisOf, markText, thinned } from './plot'

describe('axes', () => {
  it.each([
    [[0, 10], [0, 2, 4, 6, 8, 10]],
    [[0.031, 0.094], [0.02, 0.04, 0.06, 0.08, 0.1]],
    [[5, 5], [2, 3, 4, 5, 6, 7, 8]],
    [[-3, 3], [-4, -2, 0, 2, 4]],
    [[], [0, 1]],
  ])('%j', (values, marks) => {
    const axis = axisOf(values)
    expect(axis.marks.map((mark) => Number(mark.toPrecision(6)))).toEqual(marks)
  })

  it('are written short', () => expect([0, 0.1 + 0.2, 1e7, 2.5e-5].map(markText)).toEqual(['0', '0.3', '1e+7', '2.5e-5']))
})

it('thinning keeps what stands out', () => {
  const points = Array.from({ length: 10_000 }, (_, x): [number, number] => [x, x === 5555 ? 99 : 0])
  const kept = thinned(points, 500)
  expect(kept.length).toBeLessThanOrEqual(500)
  expect(kept.some(([, y]) => y === 99)).toBe(true)
})
