import { describe, expect, it } from 'vitest'

import type { Value } from '@/editor/frontmatter'

import { readConditions, writeConditions } from './conditions'
import type { Condition } from './conditions'

const rows = (where: string, properties: Record<string, Value> = {}, exists: string[] = []) => {
  const read = readConditions(where, properties, exists)
  return [read.conditions.map(({ key, operator, value }) => `${key} ${operator} ${value}`.trim()), read.rest]
}

describe('conditions', () => {
  it.each<[string, string[], string]>([
    ['', [], ''],
    ['loss<0.1 tag:gpu modified>=startOfWeek', ['loss < 0.1', 'modified >= startOfWeek'], 'tag:gpu'],
    ['"learning rate">2 "a b" -status:done', ['learning rate > 2'], '"a b" -status:done'],
    ['name!="a \\"b\\" c"', ['name != a "b" c'], ''],
    ['a<1 OR b<2', [], 'a<1 OR b<2'],
    ['(a<1 OR b<2) c>3', ['c > 3'], '(a<1 OR b<2)'],
    ['(a<1', [], '(a<1'],
  ])('of the line %j', (where, conditions, rest) => {
    expect(rows(where)).toEqual([conditions, rest])
    expect(writeConditions(readConditions(where, {}, [])).where?.split(' ').sort()).toEqual(where === '' ? undefined : where.split(' ').sort())
  })

  it('of properties come back as they were', () => {
    const properties = { status: ['todo', 'doing'], epochs: 40, done: false, due: null, odd: 'a, b', deep: { a: 1 } }
    const read = readConditions('', properties, ['loss'])
    expect(rows('', properties, ['loss'])[0]).toEqual(['status is todo, doing', 'epochs is 40', 'done is false', 'due missing', 'loss exists'])
    expect(writeConditions(read)).toEqual({ where: undefined, properties, properties_exists: ['loss'] })
  })

  it('are written where the query has a place for them', () => {
    const conditions: Condition[] = [
      { key: 'a', operator: 'is', value: 'x' }, { key: 'a', operator: 'is', value: 'y z' }, { key: 'b c', operator: '<', value: 'today+7d' }, { key: '', operator: 'is', value: 'x' }, { key: 'd', operator: '<', value: ' ' },
    ]
    expect(writeConditions({ conditions, rest: 'tag:a OR tag:b', others: {} })).toEqual({ where: '(tag:a OR tag:b) a="y z" "b c"<today+7d', properties: { a: 'x' }, properties_exists: undefined })
  })
})
