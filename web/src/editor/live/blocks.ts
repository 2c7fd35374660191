/** Live preview of what takes whole lines: the head, tables, diagrams. Shown as text while the cursor is within. */
import { syntaxTree } from '@codemirror/language'
import { StateEffect, StateField } from '@codemirror/state'
import type { EditorState, Range } from '@codemirror/state'
import { Decoration, EditorView } from '@codemirror/view'
import type { DecorationSet } from '@codemirror/view'
import type { SyntaxNodeRef } from '@lezer/common'

import { readProperties } from '../frontmatter'
import { Table } from './tables'
import { Diagram, Head } from './widgets'

/** Above it, in characters, whole lines stay text: the tree of a long note is not walked at each key. */
const LARGEST = 400_000

/** What may have blocks in it that are ours. */
const OUTER = new Set(['Document', 'Body', 'Blockquote', 'BulletList', 'OrderedList', 'ListItem', 'Frontmatter', 'Stream'])

const focusChange = StateEffect.define<boolean>()

/** Whether the editor has the keyboard: a note that is only looked at shows no marks. */
const hasFocus = StateField.define<boolean>({
  create: () => false,
  update: (value, transaction) => transaction.effects.find((effect) => effect.is(focusChange))?.value ?? value,
})

export const focus = [hasFocus, EditorView.focusChangeEffect.of((_, isFocused) => focusChange.of(isFocused))]

export function isTouched(state: EditorState, from: number, to: number): boolean {
  if (!state.field(hasFocus, false)) return false
  return state.selection.ranges.some((range) => range.from <= to && range.to >= from)
}

function build(state: EditorState): DecorationSet {
  if (state.doc.length > LARGEST) return Decoration.none
  const found: Range<Decoration>[] = []
  syntaxTree(state).iterate({
    enter(node) {
      const widget = widgetOf(state, node)
      if (!widget) return OUTER.has(node.name)
      const from = state.doc.lineAt(node.from).from
      const to = endOf(state, node)
      if (!isTouched(state, from, to)) found.push(Decoration.replace({ widget, block: true }).range(from, to))
      return false
    },
  })
  return Decoration.set(found, true)
}

/** The end of the last line with something on it. */
function endOf(state: EditorState, node: SyntaxNodeRef): number {
  if (node.name === 'Frontmatter') return endOfHead(state)
  let line = state.doc.lineAt(node.to)
  while (line.from > node.from && line.text.trim() === '') line = state.doc.line(line.number - 1)
  return line.to
}

function endOfHead(state: EditorState): number {
  for (let number = 2; number <= state.doc.lines; number++) {
    const line = state.doc.line(number)
    if (/^(?:---|\.\.\.)[ \t\r]*$/.test(line.text)) return line.to
  }
  return 0
}

function widgetOf(state: EditorState, node: SyntaxNodeRef) {
  switch (node.name) {
    case 'Frontmatter': {
      if (node.from > 0) return undefined
      const { properties, fault } = readProperties(state.sliceDoc(0, node.to))
      return fault === undefined ? new Head(properties.map(({ key }) => key).join(', ')) : undefined
    }
    case 'Table':
      // In a quote or a list the lines begin with other marks.
      return node.node.parent && ['Document', 'Body'].includes(node.node.parent.name) ? new Table(state.sliceDoc(node.from, node.to)) : undefined
    case 'FencedCode': {
      const info = node.node.getChild('CodeInfo')
      if (!info || state.sliceDoc(info.from, info.to).trim() !== 'mermaid') return undefined
      const text = node.node.getChild('CodeText')
      return text ? new Diagram(state.sliceDoc(text.from, text.to)) : undefined
    }
    default:
      return undefined
  }
}

export const blocks = StateField.define<DecorationSet>({
  create: build,
  update(value, transaction) {
    const isParsed = syntaxTree(transaction.startState) !== syntaxTree(transaction.state)
    return transaction.docChanged || transaction.selection || transaction.effects.length > 0 || isParsed ? build(transaction.state) : value
  },
  provide: (field) => EditorView.decorations.from(field),
})
