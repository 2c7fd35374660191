import { describe, expect, it } from 'vitest'

import { readJupyter } from './jupyter'

describe('notebooks of Jupyter', () => {
  it('reads cells and outputs of version 4', () => {
    const text = JSON.stringify({
      metadata: { language_info: { name: 'julia' } },
      cells: [
        { cell_type: 'markdown', source: ['# A\n', 'b'] },
        { cell_type: 'code', source: '1+1', execution_count: 3, outputs: [{ output_type: 'execute_result', data: { 'text/plain': ['2'] } }, { output_type: 'stream', text: '\u001b[31mred\u001b[0m' }] },
        { cell_type: 'code', source: 'x', outputs: [{ output_type: 'display_data', data: { 'image/png': 'aGk=\n', 'text/plain': 'fig' } }, { output_type: 'error', traceback: ['a', 'b'] }] },
      ],
    })
    const { language, cells } = readJupyter(text)
    expect(language).toBe('julia')
    expect(cells.map((cell) => [cell.kind, cell.text, cell.count])).toEqual([['markdown', '# A\nb', null], ['code', '1+1', 3], ['code', 'x', null]])
    expect(cells[1]?.outputs).toEqual([{ kind: 'text', value: '2' }, { kind: 'text', value: 'red' }])
    expect(cells[2]?.outputs).toEqual([{ kind: 'image', value: 'data:image/png;base64,aGk=' }, { kind: 'error', value: 'a\nb\n' }])
  })

  it('takes no address for a picture, and no HTML at all', () => {
    const outputs = [{ output_type: 'display_data', data: { 'image/png': '"><script>', 'text/html': '<script>1</script>' } }]
    expect(readJupyter(JSON.stringify({ cells: [{ cell_type: 'code', source: '', outputs }] })).cells[0]?.outputs).toEqual([])
  })

  it.each(['', '[]', 'null', '{', '1'])('says that %j is none', (text) => expect(() => readJupyter(text)).toThrow())
})
