import { describe, expect, it } from 'vitest'

import { readProperties, renameProperty, setProperty } from './frontmatter'
import type { Value } from './frontmatter'

const NOTE = '---\ntitle: A plan # of mine\ntags: [a, b]\n# about the dates\ndue: 2026-10-28\nmetrics:\n  psnr: 32.3\n---\n\n# Body\n'

describe('reading', () => {
  it.each<[string, Record<string, Value>]>([
    [NOTE, { title: 'A plan', tags: ['a', 'b'], due: '2026-10-28', metrics: { psnr: 32.3 } }],
    ['no head', {}],
    ['---\n---\n', {}],
    ['---\r\na: true\r\nb: ~\r\n---\r\nx', { a: true, b: null }],
    ['\uFEFF---\na: 1\n---', { a: 1 }],
    ['text\n---\na: 1\n---\n', {}],
  ])('%j', (text, expected) => {
    const { properties, fault } = readProperties(text)
    expect(fault).toBeUndefined()
    expect(Object.fromEntries(properties.map(({ key, value }) => [key, value]))).toEqual(expected)
  })

  it.each(['---\na: [1\n---\n', '---\n- a\n- b\n---\n', '---\na: b: c\n---\n'])('says what is wrong with %j', (text) => {
    expect(readProperties(text).fault).toBeTruthy()
  })
})

describe('writing', () => {
  it.each<[string, string, string, Value | undefined, string]>([
    ['one line', NOTE, 'due', '2026-11-01', NOTE.replace('2026-10-28', '2026-11-01')],
    ['a list', NOTE, 'tags', ['a', 'c d'], NOTE.replace('[a, b]', '[a, c d]')],
    ['removal', NOTE, 'metrics', undefined, NOTE.replace('metrics:\n  psnr: 32.3\n', '')],
    ['a new key comes last', NOTE, 'status', 'done', NOTE.replace('32.3\n', '32.3\nstatus: done\n')],
    ['a comment of the next key stays', NOTE, 'tags', undefined, NOTE.replace('tags: [a, b]\n', '')],
    ['a first head', 'Body\n', 'a', 1, '---\na: 1\n---\nBody\n'],
    ['line ends', '---\r\na: 1\r\n---\r\nx', 'a', 2, '---\r\na: 2\r\n---\r\nx'],
    ['what looks like something else', 'x', 'a', 'true', '---\na: "true"\n---\nx'],
    ['a block list', '---\ntags:\n  - a\n  - b\nz: 1\n---\n', 'tags', ['a'], '---\ntags: [a]\nz: 1\n---\n'],
    ['an empty head', '---\n---\nx', 'a', false, '---\na: false\n---\nx'],
    ['a long text', '---\na: |\n  one\n  two\nb: 1\n---\n', 'a', 'x', '---\na: x\nb: 1\n---\n'],
  ])('%s', (_, text, key, value, expected) => {
    expect(setProperty(text, key, value)).toBe(expected)
  })

  it('renames a key in its place', () => {
    expect(renameProperty(NOTE, 'due', 'until')).toBe(NOTE.replace('due:', 'until:'))
    expect(renameProperty(NOTE, 'nothing', 'x')).toBe(NOTE)
  })
})
