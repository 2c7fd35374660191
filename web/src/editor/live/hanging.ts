/** Lists whose items are longer than a line: what follows the first stands below its words and not below its mark. */
import { Decoration } from '@codemirror/view'
import type { EditorView } from '@codemirror/view'

/** As wide as what stands in for marks (editor.css), in em and px. */
const BULLET_EM = 0.7
const BOX_EM = 1.05
const BOX_MARGIN_PX = 4

/** The padding that CodeMirror gives a line. */
const PADDING_PX = 6

export interface ListStart {
  /** What stands before the mark. */
  indent: string
  /** `-`, `1.`: as it is shown, or nothing where a box stands for it. */
  mark: string
  isBullet: boolean
  isTask: boolean
}

export type Measure = (start: ListStart) => Decoration

const known = new Map<number, Decoration>()

/** Measures in the font that the editor has. */
export function measureIn(view: EditorView): Measure {
  const { font, fontSize } = getComputedStyle(view.contentDOM)
  const em = Number.parseFloat(fontSize) || 15
  const context = document.createElement('canvas').getContext('2d')
  if (context && font) context.font = font
  const widths = new Map<string, number>()
  const widthOf = (text: string): number => {
    const found = widths.get(text) ?? context?.measureText(text).width ?? text.length * em * 0.5
    widths.set(text, found)
    return found
  }
  return (start) => indented(widthOfStart(start, widthOf, em))
}

export function widthOfStart({ indent, mark, isBullet, isTask }: ListStart, widthOf: (text: string) => number, em: number): number {
  const space = widthOf(' ')
  // A tab reaches to the next of its stops, which are four spaces apart.
  const before = indent.replace(/\t/g, '    ').length * space
  const box = isTask ? BOX_EM * em + BOX_MARGIN_PX + space : 0
  return before + (isBullet ? BULLET_EM * em : widthOf(mark)) + space + box
}

function indented(width: number): Decoration {
  const rounded = Math.round(width * 2) / 2
  const made = known.get(rounded) ?? Decoration.line({ attributes: { style: `text-indent:-${rounded}px;padding-left:${rounded + PADDING_PX}px` } })
  known.set(rounded, made)
  return made
}
