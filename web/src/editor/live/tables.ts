/** A Markdown table as a table. */
import type { SyntaxNode } from '@lezer/common'
import type { EditorState } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'

import { Shown } from './widgets'

export type Alignment = 'left' | 'center' | 'right' | ''

export interface TableText {
  head: string[]
  rows: string[][]
  alignments: Alignment[]
}

/** Cells of a line; a backslash keeps a bar from being an end. */
export function cellsOf(line: string): string[] {
  const inner = line.trim().replace(/^\|/, '').replace(/(?<!\\)\|$/, '')
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, '|'))
}

export function tableOf(text: string): TableText {
  const [head = '', marks = '', ...rows] = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const alignments = cellsOf(marks).map((mark): Alignment => {
    const [left, right] = [mark.startsWith(':'), mark.endsWith(':')]
    return left && right ? 'center' : right ? 'right' : left ? 'left' : ''
  })
  return { head: cellsOf(head), rows: rows.map(cellsOf), alignments }
}

export class Table extends Shown {
  override toDOM(view: EditorView): HTMLElement {
    const { head, rows, alignments } = tableOf(this.words)
    const box = document.createElement('div')
    box.className = 'cm-table'
    const table = box.appendChild(document.createElement('table'))
    const add = (section: HTMLElement, cells: string[], kind: 'th' | 'td') => {
      const row = section.appendChild(document.createElement('tr'))
      head.forEach((_, column) => {
        const cell = row.appendChild(document.createElement(kind))
        cell.textContent = plain(cells[column] ?? '')
        cell.style.textAlign = alignments[column] ?? ''
      })
    }
    add(table.appendChild(document.createElement('thead')), head, 'th')
    const body = table.appendChild(document.createElement('tbody'))
    for (const cells of rows) add(body, cells, 'td')
    box.onmousedown = (event) => {
      event.preventDefault()
      const row = (event.target as HTMLElement).closest('tr')
      const index = row ? [...table.querySelectorAll('tr')].indexOf(row) : 0
      const first = view.state.doc.lineAt(view.posAtDOM(box)).number
      const line = view.state.doc.line(Math.min(first + (index > 0 ? index + 1 : 0), view.state.doc.lines))
      view.dispatch({ selection: { anchor: line.from } })
      view.focus()
    }
    return box
  }
}

/** Words without their marks: the cell is for reading, the source is one click away. */
function plain(cell: string): string {
  return cell
    .replace(/!?\[\[(?:[^\]|]*\|)?([^\]]*)\]\]/g, '$1')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__|~~|`)(.+?)\1/g, '$2')
    .replace(/(?<![\w*])[*_](\S(?:.*?\S)?)[*_](?![\w*])/g, '$1')
}

export function textOf(state: EditorState, node: SyntaxNode | { from: number; to: number }): string {
  return state.sliceDoc(node.from, node.to)
}
