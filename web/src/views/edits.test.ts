import { describe, expect, it } from 'vitest'

import type { Value } from '@/editor/frontmatter'

import { FIRST, applied, headOf, setAt, valueAt, withEdit } from './edits'

const VIEW = `---
type: view   # always
view_type: table
mine: {kept:   true}
query:
  # only what ran
  tags: [run,  gpu] # both
  properties:
    status: [todo, doing]  # open ones
  sort: loss

# how it looks
config:
  columns: [{id: title, width: 3}, {id: loss}]
---
About *it*.
`

const LISTED = `---
config:
  columns:
    - a # one
    # of b
    - id: b # two
    - c
  card_fields: [x]
---
`

describe('an edit of a view touches the lines of its key', () => {
  it.each<[string, string, string[], Value | undefined, string]>([
    ['a value', VIEW, ['view_type'], 'kanban', VIEW.replace('view_type: table', 'view_type: kanban')],
    ['a comment behind it', VIEW, ['query', 'tags'], ['a'], VIEW.replace('[run,  gpu]', '[a]')],
    ['a removal', VIEW, ['query', 'sort'], undefined, VIEW.replace('  sort: loss\n', '')],
    ['a new key of the query', VIEW, ['query', 'limit'], 5, VIEW.replace('  sort: loss\n', '  sort: loss\n  limit: 5\n')],
    ['a new key at the end', VIEW, ['aggregate'], { loss: ['min'] }, VIEW.replace('---\nAbout', 'aggregate:\n  loss: [min]\n---\nAbout')],
    ['deep down', VIEW, ['query', 'properties', 'status'], 'done', VIEW.replace('[todo, doing]', 'done')],
    ['the last key of a mapping', VIEW, ['query', 'properties', 'status'], undefined, VIEW.replace('  properties:\n    status: [todo, doing]  # open ones\n', '')],
    ['a list of mappings', VIEW, ['config', 'columns'], [{ id: 'title', width: 3 }], VIEW.replace(', {id: loss}', '')],
    ['a whole mapping', VIEW, ['query', 'properties'], { due: null }, VIEW.replace('status: [todo, doing]  # open ones', 'due: null')],
    ['a placeholder', VIEW, ['query', 'sort'], '{{ today }}', VIEW.replace('sort: loss', 'sort: "{{ today }}"')],
    ['a mapping on one line', '---\nquery: {tags: [a]} # c\n---\n', ['query', 'sort'], 'b', '---\nquery: {tags: [a], sort: b} # c\n---\n'],
    ['a search line', '---\nquery: "tag:a"\n---\n', ['query', 'sort'], 'b', '---\nquery: {where: tag:a, sort: b}\n---\n'],
    ['line ends', '---\r\nquery:\r\n  sort: a\r\n---\r\nx', ['query', 'limit'], 2, '---\r\nquery:\r\n  sort: a\r\n  limit: 2\r\n---\r\nx'],
    ['a query without keys', FIRST, ['query', 'tags'], ['a'], FIRST.replace('{}', '{tags: [a]}')],
    ['a key without a value', '---\nquery:\nz: 1\n---\n', ['query', 'tags'], ['a'], '---\nquery:\n  tags: [a]\nz: 1\n---\n'],
    ['the last key of a configuration', VIEW, ['config', 'columns'], undefined, VIEW.replace('config:\n  columns: [{id: title, width: 3}, {id: loss}]\n', '')],
    ['an empty head', '---\n---\n', ['query', 'limit'], 2, '---\nquery:\n  limit: 2\n---\n'],
    ['a list with lines of its own', LISTED, ['config', 'columns'], [{ id: 'b' }, 'a', { id: 'c', width: 90 }], LISTED.replace(/ {4}- a.*\n {4}# of b\n {4}- id: b.*\n {4}- c\n/, '    - id: b # two\n    - a # one\n    # of b\n    - {id: c, width: 90}\n')],
    ['such a list that becomes empty', LISTED, ['config', 'columns'], [], LISTED.replace(/columns:\n[^]*- c\n/, 'columns: []\n')],
    ['nothing', VIEW, ['query', 'tags'], ['run', 'gpu'], VIEW],
    ['nothing to take away', VIEW, ['query', 'limit'], undefined, VIEW],
  ])('%s', (_, text, path, value, expected) => {
    const edited = setAt(text, path, value)
    expect(edited).toBe(expected)
    expect(valueAt(headOf(edited), path)).toEqual(value)
  })

  it('and edits that lead back leave the bytes', () => {
    let edits = withEdit([], { path: ['query', 'tags'], value: undefined }, VIEW)
    edits = withEdit(edits, { path: ['query', 'sort'], value: '-loss' }, VIEW)
    expect(applied(VIEW, edits)).toBe(VIEW.replace('  tags: [run,  gpu] # both\n', '').replace('sort: loss', 'sort: -loss'))
    edits = withEdit(edits, { path: ['query', 'tags'], value: ['run', 'gpu'] }, VIEW)
    edits = withEdit(edits, { path: ['query', 'sort'], value: 'loss' }, VIEW)
    expect(edits).toEqual([])
  })
})
