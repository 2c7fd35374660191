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
})
