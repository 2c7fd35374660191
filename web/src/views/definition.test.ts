import { describe, expect, it } from 'vitest'

import { groupProperty, readDefinition } from './definition'

describe('views', () => {
  it('are read with their query for the server', () => {
    const text = '---\ntype: view\nview_type: kanban\ntitle: T\nquery:\n  tags: [a]\n  group_by: status\naggregate: {loss: [min]}\nconfig:\n  columns: [{id: todo, title: To do, filter: {status: open}}, done]\n---\nAbout\n'
    expect(readDefinition(text, 'lab')).toEqual({
      type: 'kanban',
      title: 'T',
      query: { limit: 1, aggregate: { loss: ['min'] }, tags: ['a'], group_by: 'status', notebooks: ['lab'] },
      config: { columns: [{ id: 'todo', title: 'To do', filter: { status: 'open' } }, 'done'] },
      columns: [{ id: 'todo', title: 'To do', value: 'open' }, { id: 'done', title: 'done' }],
      about: 'About',
      groupBy: 'status',
    })
    expect(readDefinition("---\nquery: 'tag:a'\n---\n", 'lab').query).toEqual({ limit: 10_000, q: 'tag:a', notebooks: ['lab'] })
    expect(readDefinition('---\nquery: {notebooks: "*", limit: 5}\n---\n', 'lab').query).toEqual({ notebooks: '*', limit: 5 })
  })

  it('are grouped as the server groups them', () => {
    const groupOf = (config: string) => readDefinition(`---\nview_type: rollup\nconfig: ${config}\n---\n`, 'lab').groupBy
    expect(groupOf('{group_by: created_at, group_format: week}')).toBe('week(created)')
    expect([groupOf('{group_by: properties.act}'), groupOf('{group_by: due, group_format: week}'), groupOf('{}')]).toEqual(['act', 'due', undefined])
    expect(groupOf('{columns: [{id: a, filter: {s: x}}, {id: b, filter: {s: y}}]}')).toBe('s')
    expect(groupOf('{columns: [{id: a, filter: {s: x}}, {id: b}]}')).toBeUndefined()
  })

  it('of days ask the server nothing about the property that puts notes on them', () => {
    const { query, dateProperty } = readDefinition('---\nview_type: calendar\nquery: {date_property: due}\n---\n', 'lab')
    expect([query.date_property, dateProperty]).toEqual([undefined, 'due'])
    expect(readDefinition('---\nview_type: calendar\nquery: {date_property: due, date_after: today}\n---\n', 'lab').query.date_property).toBe('due')
  })

  it.each(['', 'text', '---\n- a\n---\n', '---\na: [\n---\n'])('say what is wrong with %j', (text) => expect(() => readDefinition(text, 'lab')).toThrow())

  it.each([['status', 'status'], ['metrics.loss', 'metrics.loss'], ['month(date)', undefined], ['tag', undefined], [undefined, undefined]])('%j is set by a drag as %j', (group, property) => {
    expect(groupProperty(group)).toBe(property)
  })
})
