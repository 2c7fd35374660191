import { describe, expect, it } from 'vitest'

import type { File, Schemas } from '@/api/client'

import { chartOf, daysOf } from './chart'
import { readDefinition } from './definition'

const file = (title: string, properties: Record<string, unknown>) => ({ title, properties }) as unknown as File
const FILES = [file('b', { loss: 0.3, epochs: 20, due: '2026-11-12', status: 'todo' }), file('a', { loss: 0.1, epochs: 10, due: '2026-11-10', status: 'done' }), file('c', { status: 'todo' })]
const GROUPS = { todo: [FILES[0]!, FILES[2]!], done: [FILES[1]!], _none: [] }
const found = (groups?: Record<string, File[]>) => ({ files: FILES, groups: groups ?? null }) as Schemas['QueryResult']
const view = (rest: string) => readDefinition(`---\nview_type: chart\n${rest}\n---\n`, 'lab')

describe('charts', () => {
  it.each<[string, boolean, string, [string, number, number][], number]>([
    ['config: {chart: scatter, x: epochs, y: loss}', false, 'number', [['10', 10, 0.1], ['20', 20, 0.3]], 1],
    ['config: {chart: line, x: due, y: loss}', false, 'date', [['2026-11-10', 20767, 0.1], ['2026-11-12', 20769, 0.3]], 1],
    ['config: {y: loss}', false, 'name', [['b', 0, 0.3], ['a', 1, 0.1]], 1],
    ['config: {x: status}', false, 'name', [['todo', 0, 2], ['done', 1, 1]], 0],
    ['query: {group_by: status}', true, 'name', [['todo', 0, 2], ['done', 1, 1]], 0],
    ['query: {group_by: status}\nconfig: {y: loss}\naggregate: {loss: max}', true, 'name', [['todo', 0, 0.3], ['done', 1, 0.1]], 1],
  ])('of %j', (rest, isGrouped, scale, points, missing) => {
    const chart = chartOf(view(rest), found(isGrouped ? GROUPS : undefined))
    expect([chart.scale, chart.points.map(({ label, x, y }) => [label, x, y]), chart.missing]).toEqual([scale, points, missing])
  })

  it('write days without a year that is the same for all', () => {
    const [one, two] = [daysOf(20767, 20769), daysOf(20767, 20867)]
    expect([one.year, one.textOf(20767), two.year, two.textOf(20767)]).toEqual(['2026', '10 Nov', undefined, '2026-11-10'])
  })
})
