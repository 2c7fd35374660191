import { describe, expect, it } from 'vitest'

import type { File } from '@/api/client'

import { heightOf, LETTERS_BESIDE_MENU, linesOf } from './cards'

describe('cards of a board', () => {
  it.each<[string, number]>([
    ['', 1], ['adam', 1], ['a title that is as long as this one', 2], ['ablation of the third layer with a name that goes on and on and on and on', 3], ['x'.repeat(40), 2], ['x'.repeat(4000), 3],
    ['實驗記錄與筆記本的標題很長很長', 2], ['one '.repeat(200), 3],
  ])('%j are of %i lines', (title, lines) => expect(linesOf(title)).toBe(lines))

  it('have shorter lines beside a menu', () => expect([linesOf('a title of about 27 letters'), linesOf('a title of about 27 letters', LETTERS_BESIDE_MENU)]).toEqual([1, 2]))

  it('are higher with a field that has a value', () => {
    const card = (properties: Record<string, unknown>) => ({ title: 'a', properties }) as unknown as File
    expect([heightOf(card({}), ['loss']), heightOf(card({ loss: 0.1 }), ['loss'])]).toEqual([49, 72])
  })
})
