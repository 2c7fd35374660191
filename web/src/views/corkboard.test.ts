import { describe, expect, it } from 'vitest'

import type { File } from '@/api/client'

import { placeOf, snapped, spread } from './corkboard'

const card = (ref: string, at?: unknown) => ({ ref, properties: at === undefined ? {} : { corkboard_position: at } }) as unknown as File

describe('cards on a board', () => {
  it.each<[unknown, unknown]>([
    [{ x: 40, y: 60 }, { x: 40, y: 60 }], [{ x: -5, y: 1e9 }, { x: 0, y: 10_000 }], [{ x: '4', y: 1 }, undefined], ['40,60', undefined], [null, undefined], [undefined, undefined], [{ x: NaN, y: 1 }, undefined],
  ])('that say %j lie at %j', (at, place) => expect(placeOf(card('a', at))).toEqual(place))

  it('lie on the grid', () => expect(snapped({ x: 29, y: -31 })).toEqual({ x: 20, y: 0 }))

  it('without a place lie in rows, and stay there when another is moved', () => {
    const before = spread(['a', 'b', 'c', 'd'].map((ref) => card(ref)), 460)
    expect(Object.fromEntries(before)).toEqual({ a: { x: 20, y: 20 }, b: { x: 240, y: 20 }, c: { x: 20, y: 156 }, d: { x: 240, y: 156 } })
    const after = spread([card('a', { x: 260, y: 40 }), card('b'), card('c'), card('d')], 460)
    expect(Object.fromEntries(after)).toEqual({ a: { x: 260, y: 40 }, b: { x: 20, y: 292 }, c: { x: 20, y: 156 }, d: { x: 240, y: 156 } })
    expect([...spread([card('a')], 100).values()]).toEqual([{ x: 20, y: 20 }])
  })
})
