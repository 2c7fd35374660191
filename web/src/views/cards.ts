/** How high a card of a board is: all are laid out before any is drawn, so that only those to be seen have to be. */
import type { File } from '@/api/client'

import { textOf, valueOf } from './values'

/** About so many letters fit on a line of a card, and on one with a menu beside it. */
export const LETTERS = 29
export const LETTERS_BESIDE_MENU = 24
const MOST_LINES = 3
const LINE = 20.25
const FIELDS = 23
/** Padding, border, and the gap to the next card. */
const AROUND = 28
// Letters of East Asia are twice as wide.
const WIDE = /[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/g

/** In how many lines a title is written, of which the rest is cut off. */
export function linesOf(title: string, letters = LETTERS): number {
  let lines = 1
  let used = 0
  for (const word of title.split(/\s+/)) {
    const length = word.length + (word.match(WIDE)?.length ?? 0)
    if (used > 0 && used + 1 + length > letters) {
      lines++
      used = 0
    }
    // A word that is longer than a line goes on in the next.
    lines += Math.ceil(length / letters) - (length > 0 ? 1 : 0)
    used += (used > 0 ? 1 : 0) + (length % letters || Math.min(length, letters))
  }
  return Math.min(MOST_LINES, lines)
}

/** In pixels. */
export function heightOf(file: File, fields: string[], letters = LETTERS): number {
  const hasFields = fields.some((key) => textOf(valueOf(file, key)) !== '')
  return Math.ceil(AROUND + linesOf(file.title, letters) * LINE + (hasFields ? FIELDS : 0))
}
