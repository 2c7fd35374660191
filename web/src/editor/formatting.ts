/** Keys that put Markdown around what is selected. */
import { EditorSelection } from '@codemirror/state'
import type { ChangeSpec } from '@codemirror/state'
import type { Command, KeyBinding } from '@codemirror/view'

/** Puts a mark on both sides, or takes it away. */
export function around(mark: string): Command {
  return (view) => {
    if (view.state.readOnly) return false
    const { doc } = view.state
    const change = view.state.changeByRange((range) => {
      const before = doc.sliceString(Math.max(0, range.from - mark.length), range.from)
      const after = doc.sliceString(range.to, range.to + mark.length)
      if (before === mark && after === mark) {
        const changes: ChangeSpec = [
          { from: range.from - mark.length, to: range.from },
          { from: range.to, to: range.to + mark.length },
        ]
        return { changes, range: EditorSelection.range(range.from - mark.length, range.to - mark.length) }
      }
      const changes: ChangeSpec = [{ from: range.from, insert: mark }, { from: range.to, insert: mark }]
      return { changes, range: EditorSelection.range(range.from + mark.length, range.to + mark.length) }
    })
    view.dispatch(view.state.update(change, { userEvent: 'input', scrollIntoView: true }))
    return true
  }
}

/** `[words](|)`. */
const link: Command = (view) => {
  if (view.state.readOnly) return false
  const change = view.state.changeByRange((range) => {
    const text = view.state.sliceDoc(range.from, range.to)
    const cursor = range.from + text.length + 3
    return { changes: { from: range.from, to: range.to, insert: `[${text}]()` }, range: EditorSelection.cursor(text === '' ? range.from + 1 : cursor) }
  })
  view.dispatch(view.state.update(change, { userEvent: 'input', scrollIntoView: true }))
  return true
}

/** `[ ]` before the lines that are selected, ticked or not. */
const task: Command = (view) => {
  if (view.state.readOnly) return false
  const { doc, selection } = view.state
  const changes: ChangeSpec[] = []
  const last = doc.lineAt(selection.main.to).number
  for (let number = doc.lineAt(selection.main.from).number; number <= last; number++) {
    const line = doc.line(number)
    const box = /^(\s*(?:[-*+]|\d+[.)])\s+)\[([ xX])\]/.exec(line.text)
    const item = /^(\s*)((?:[-*+]|\d+[.)])\s+)?/.exec(line.text)
    if (box?.[1] !== undefined) {
      const at = line.from + box[1].length + 1
      changes.push({ from: at, to: at + 1, insert: box[2] === ' ' ? 'x' : ' ' })
    } else if (item) {
      const at = line.from + item[0].length
      changes.push({ from: at, insert: item[2] === undefined ? '- [ ] ' : '[ ] ' })
    }
  }
  view.dispatch({ changes, userEvent: 'input' })
  return true
}

export const formatKeymap: KeyBinding[] = [
  { key: 'Mod-b', run: around('**') },
  { key: 'Mod-i', run: around('*') },
  { key: 'Mod-e', run: around('`') },
  { key: 'Mod-Shift-x', run: around('~~') },
  { key: 'Mod-Shift-k', run: link },
  { key: 'Mod-Enter', run: task },
]
