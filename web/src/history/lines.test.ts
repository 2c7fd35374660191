import { describe, expect, it } from 'vitest'

import { compare, folded, unified } from './lines'

function texts(rows: ReturnType<typeof unified>): string[] {
  return rows.map((row) => (row.kind === 'gap' ? `… ${row.count}` : row.kind === 'same' ? `  ${row.left?.text ?? ''}` : row.left ? `- ${row.left.text}` : `+ ${row.right?.text ?? ''}`))
}

describe('two versions', () => {
  it('stand beside each other', () => {
    expect(compare('a\nb\nc\n', 'a\nB\nB2\nc\n')).toEqual([
      { kind: 'same', left: { number: 1, text: 'a' }, right: { number: 1, text: 'a' } },
      { kind: 'changed', left: { number: 2, text: 'b' }, right: { number: 2, text: 'B' } },
      { kind: 'changed', right: { number: 3, text: 'B2' } },
      { kind: 'same', left: { number: 3, text: 'c' }, right: { number: 4, text: 'c' } },
    ])
  })

  it('are folded where they are the same', () => {
    const old = Array.from({ length: 30 }, (_, n) => `${n}\n`).join('')
    const rows = folded(compare(old, old.replace('15\n', 'x\n')))
    expect(texts(unified(rows))).toEqual(['… 12', '  12', '  13', '  14', '- 15', '+ x', '  16', '  17', '  18', '… 11'])
  })

  it('may be empty', () => {
    expect(texts(unified(compare('', 'a\n')))).toEqual(['+ a'])
    expect(compare('', '')).toEqual([])
    expect(texts(folded(compare('a\n', 'a\n')))).toEqual(['… 1'])
  })
})
