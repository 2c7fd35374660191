import { describe, expect, it } from 'vitest'

import { countsOf, headingsOf } from './outline'

describe('outline', () => {
  it('lists headings, and none of code or of the head', () => {
    const text = '---\n# not: one\n---\n# A *b*\n\n```\n# no\n```\n## [[x|Y]] #\n# A b\n#no\n'
    expect(headingsOf(text).map(({ level, text, name }) => [level, text, name])).toEqual([
      [1, 'A b', 'a-b'],
      [2, 'Y', 'xy'],
      [1, 'A b', 'a-b-1'],
    ])
    expect(text.slice(headingsOf(text)[1]?.from)).toMatch(/^## /)
  })

  it.each([['', 0], ['one two', 2], ["it's 3.5 well-known", 3], ['---\na: b\n---\nx', 1], ['漢字 かな', 4]])('counts the words of %j', (text, words) => {
    expect(countsOf(text).words).toBe(words)
  })

  it.each([['', 0], [' a  b\n\nc\n', 5], ['😀 x', 3], ['---\na: b\n---\n\n', 0], ['漢字', 2]])('counts the characters of %j', (text, characters) => {
    expect(countsOf(text).characters).toBe(characters)
  })

  it('counts as the rule for words says, whatever stands beside what', () => {
    const rule = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}][\p{L}\p{N}\p{M}'’_.-]*/gu
    const signs = ['a', 'é', '漢', 'か', '7', "'", '.', '-', ' ', '\n', '(', '😀', 'e\u0301', '_']
    let seed = 7
    for (let n = 0; n < 500; n++) {
      const text = Array.from({ length: 12 }, () => signs[(seed = (seed * 1103515245 + 12345) % 2147483648) % signs.length]).join('')
      expect(countsOf(text).words, text).toBe(text.match(rule)?.length ?? 0)
    }
  })
})
