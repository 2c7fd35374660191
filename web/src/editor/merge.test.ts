import { describe, expect, it } from 'vitest'

import { changesBetween, merge, mergedCleanly } from './merge'

function applied(old: string, next: string): string {
  return changesBetween(old, next).reduceRight((text, { from, to, insert }) => text.slice(0, from) + insert + text.slice(to), old)
}

describe('merging', () => {
  it('puts changes of different lines together', () => {
    expect(mergedCleanly(merge('a\nb\nc\nd\n', 'A\nb\nc\nd\n', 'a\nb\nc\nD\n'))).toBe('A\nb\nc\nD\n')
  })

  it('takes the same change of both once', () => {
    expect(mergedCleanly(merge('a\nb\n', 'x\nb\n', 'x\nb\n'))).toBe('x\nb\n')
  })

  it('keeps both texts where they differ', () => {
    const parts = merge('a\nb\nc\n', 'a\nmine\nc\n', 'a\ntheirs\nc\n')
    expect(mergedCleanly(parts)).toBeUndefined()
    expect(parts).toContainEqual({ kind: 'conflict', mine: 'mine\n', base: 'b\n', theirs: 'theirs\n' })
  })
})

describe('changes from one text to another', () => {
  it.each([
    ['', 'a'], ['a', ''], ['abc', 'abc'], ['a\nb\nc\n', 'a\nB\nc\n'], ['a\nb\n', 'a\nb\nc'], ['one two\nthree', 'one 2\nthree\nfour'],
    ['a\na\na\n', 'a\na\n'], ['x\r\ny', 'x\r\nz\r\ny'], ['---\na: 1\n---\nb', '---\na: 2\nc: 3\n---\nbb'],
  ])('%j to %j', (old, next) => expect(applied(old, next)).toBe(next))

  it('touches only what differs', () => {
    const long = Array.from({ length: 200 }, (_, n) => `line ${n}\n`).join('')
    const changes = changesBetween(long, long.replace('line 3\n', 'line three\n').replace('line 190\n', ''))
    expect(changes).toHaveLength(2)
    expect(changes.every(({ from, to }) => to - from < 12)).toBe(true)
  })

  it('holds for random texts', () => {
    let seed = 7
    const next = (below: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below
    const text = () => Array.from({ length: next(12) }, () => ['a', 'b', '\n', 'ab\n', ''][next(5)]).join('')
    for (let round = 0; round < 2000; round++) {
      const [old, wanted] = [text(), text()]
      expect(applied(old, wanted), JSON.stringify([old, wanted])).toBe(wanted)
    }
  })
})
