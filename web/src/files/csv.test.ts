import { describe, expect, it } from 'vitest'

import { readTable, separatorOf, sorted } from './csv'

describe('tables of text', () => {
  it.each<[string, string[], string[][]]>([
    ['a,b\n1,2\n', ['a', 'b'], [['1', '2']]],
    ['a;b\r\n"x;y";"say ""hi"""\r\n', ['a', 'b'], [['x;y', 'say "hi"']]],
    ['a\tb\n1\t\n', ['a', 'b'], [['1', '']]],
    ['a,b\n"two\nlines",2', ['a', 'b'], [['two\nlines', '2']]],
    ['\uFEFFa,b\n1,2,3\n\n', ['a', 'b', 'Column 3'], [['1', '2', '3']]],
    ['', [], []],
    ['a\n"open', ['a'], [['open']]],
  ])('%j', (text, head, rows) => {
    const table = readTable(text)
    expect([table.head, table.rows]).toEqual([head, rows])
  })

  it('knows numbers, and sorts by them', () => {
    const table = readTable('n,t\n10,b10\n9,b9\n,x\n1e3,a\n')
    expect(table.isNumeric).toEqual([true, false])
    expect(sorted(table, 0, false).map(([n]) => n)).toEqual(['9', '10', '1e3', ''])
    expect(sorted(table, 0, true).map(([n]) => n)).toEqual(['1e3', '10', '9', ''])
    expect(sorted(table, 1, false).map(([, t]) => t)).toEqual(['a', 'b9', 'b10', 'x'])
  })

  it('says how much it leaves out', () => expect(readTable('a\n1\n2\n3\n', 2).more).toBe(1))
  it('is not misled by what is quoted', () => expect(separatorOf('"a,b";c\n"d,e";f\n')).toBe(';'))
})
