import { describe, expect, it } from 'vitest'

import type { File } from '@/api/client'

import { figureOf, figureText, figuresOf } from './figures'

describe('figures', () => {
  it.each([['sum', 10], ['avg', 2.5], ['min', 1], ['max', 4], ['median', 2.5], ['count', 4]])('%s', (name, figure) => expect(figureOf(name, [4, 1, 3, 2])).toBe(figure))

  it('are none of nothing', () => expect([figureOf('avg', []), figureOf('count', []), figureOf('median', [7])]).toEqual([undefined, 0, 7]))

  it.each<[unknown, string]>([
    [0.21750000000000003, '0.2175'], [0.1 + 0.2, '0.3'], [2026, '2026'], [12_345, '12,345'], [1_234_567_890, '1,234,567,890'], [1234.56789, '1234.57'], [-0.5, '-0.5'], [0, '0'],
    [0.00000123456789, '1.23457e-6'], [2e20, '2e20'], [null, ''], ['2026-11-01', '2026-11-01'], [1 / 3, '0.333333'],
  ])('%j is written %j', (value, text) => expect(figureText(value)).toBe(text))

  it('of some notes are those that the result has of all', () => {
    const note = (properties: Record<string, unknown>, size = 1) => ({ properties, size }) as unknown as File
    const some = [note({ loss: 0.1, due: '2026-11-02', n: [1, 2] }, 5), note({ loss: 0.3, due: '2026-10-01' }, 7), note({})]
    const asked = { _: { count: 9, sum: null }, loss: { min: 0, avg: 0, count: 0 }, due: { min: '', max: '' }, n: { sum: 0 }, none: { min: 0, sum: 0 }, size: { max: 0 } }
    expect(figuresOf(some, asked)).toEqual({
      _: { count: 3, sum: null }, loss: { min: 0.1, avg: 0.2, count: 2 }, due: { min: '2026-10-01', max: '2026-11-02' }, n: { sum: 3 }, none: { min: null, sum: null }, size: { max: 7 },
    })
  })
})
