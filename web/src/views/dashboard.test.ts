import { describe, expect, it } from 'vitest'

import { candidates, faultOfNesting, layoutOf } from './dashboard'
import { readDefinition } from './definition'

const rows = (layout: string, before = 'config:\n  layout: ') => layoutOf(readDefinition(`---\nview_type: dashboard\n${before}${layout}\n---\n`, 'lab'))

describe('a dashboard', () => {
  it.each<[string, unknown]>([
    ['[{type: row, components: [{type: mini-view, span: 8, view: a.cdx}, {type: mini-view, span: 4, view: /b.cdx, title: B}]}]', [[{ span: 8, title: '', path: 'a.cdx' }, { span: 4, title: 'B', path: '/b.cdx' }]]],
    ['[[a.cdx, b.cdx, c.cdx], d.cdx]', [[{ span: 4, title: '', path: 'a.cdx' }, { span: 4, title: '', path: 'b.cdx' }, { span: 4, title: '', path: 'c.cdx' }], [{ span: 12, title: '', path: 'd.cdx' }]]],
    ['[{height: 50, components: [{view: a.cdx, notebook: papers, span: 99, height: 300}]}]', [[{ span: 12, title: '', path: 'a.cdx', notebook: 'papers', height: 300 }]]],
    ['[{height: 50, components: [a.cdx]}]', [[{ span: 12, title: '', path: 'a.cdx', height: 120 }]]],
    ['[{components: [{span: 8, view: a.cdx}, b.cdx]}]', [[{ span: 8, title: '', path: 'a.cdx' }, { span: 4, title: '', path: 'b.cdx' }]]],
    ['[]', []], ['text', []],
  ])('has the rows of %s', (layout, expected) => expect(rows(layout)).toEqual(expected))

  it('may have its rows beside `config`', () => expect(rows('[a.cdx]', 'layout: ')).toHaveLength(1))

  it('may have views of its own, which list some notes alone', () => {
    const [[panel] = []] = rows('[{title: Open, view_type: list, query: "status:todo", config: {card_fields: [due]}}]')
    expect([panel?.title, panel?.own?.type, panel?.own?.query, panel?.own?.config]).toEqual(['Open', 'list', { limit: 200, q: 'status:todo', notebooks: ['lab'] }, { card_fields: ['due'] }])
    expect(rows('[{query: {limit: 3}}, {view_type: chart, query: {group_by: status}}]').map(([one]) => one?.own?.query.limit)).toEqual([3, 10_000])
  })

  it('says of a panel what it lacks', () => {
    expect(rows('[{title: x}, 5]').map(([one]) => one?.fault)).toEqual([expect.stringContaining('names no `view`'), expect.stringContaining('A panel is')])
  })

  it('has no more panels than a page bears', () => expect(rows(`[${'a.cdx, '.repeat(100)}]`)).toHaveLength(40))

  it.each([['a.cdx', 'boards', ['boards/a.cdx', 'a.cdx']], ['/a.cdx', 'boards', ['a.cdx']], ['../a.cdx', 'x/y', ['x/a.cdx']], ['../a.cdx', '', []], ['https://a/b.cdx', '', []]])('finds %j from %j at %j', (path, folder, found) => {
    expect(candidates(path, folder)).toEqual(found)
  })

  it('is no panel of itself', () => {
    expect(faultOfNesting(['lab/a.cdx', 'lab/b.cdx'], 'lab/a.cdx')).toContain('itself')
    expect(faultOfNesting(['1', '2', '3', '4'], '5')).toContain('too deep')
    expect([faultOfNesting(['lab/a.cdx'], 'lab/b.cdx'), faultOfNesting(['lab/a.cdx', ''], '')]).toEqual([undefined, undefined])
  })
})
