/** Live preview within lines: marks are hidden while the cursor is elsewhere, and what they say is shown. */
import { syntaxTree } from '@codemirror/language'
import type { EditorState, Range } from '@codemirror/state'
import { Decoration, EditorView, ViewPlugin } from '@codemirror/view'
import type { DecorationSet, ViewUpdate } from '@codemirror/view'
import type { SyntaxNode, SyntaxNodeRef } from '@lezer/common'

import { isTouched } from './blocks'
import { noteContext } from './context'
import { measureIn } from './hanging'
import type { Measure } from './hanging'
import { Bullet, Formula, Picture, Rule, TaskBox } from './widgets'

const HIDDEN = Decoration.replace({})
const classOf = (name: string) => Decoration.mark({ class: name })
const MARKS: Record<string, Decoration> = {
  StrongEmphasis: classOf('cm-strong'),
  Emphasis: classOf('cm-em'),
  Strikethrough: classOf('cm-strike'),
  InlineCode: classOf('cm-code'),
}
const HIDES: Record<string, string> = {
  EmphasisMark: 'self', StrikethroughMark: 'self', CodeMark: 'self', HeaderMark: 'line', QuoteMark: 'line',
}
const LINK = classOf('cm-link')

type Found = Range<Decoration>[]

interface Making {
  found: Found
  measure: Measure
}

function build(view: EditorView, measure: Measure): DecorationSet {
  const found: Found = []
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({ from, to, enter: (node) => add(view.state, node, { found, measure }) })
  }
  return Decoration.set(found, true)
}

/** Whether what is within is looked at too. */
function add(state: EditorState, node: SyntaxNodeRef, making: Making): boolean {
  const { name, from, to } = node
  const { found } = making
  if (name in MARKS) found.push((MARKS[name] as Decoration).range(from, to))
  else if (name in HIDES) hideMark(state, node, found)
  else if (/^ATXHeading|^SetextHeading/.test(name)) line(state, from, to, `cm-h cm-h${name.at(-1)}`, found)
  else if (name === 'Blockquote') line(state, from, to, 'cm-quote', found)
  else if (name === 'FencedCode' || name === 'CodeBlock') line(state, from, to, 'cm-block', found)
  else if (name === 'Link' || name === 'Autolink' || name === 'URL') return addLink(state, node.node, found)
  else if (name === 'WikiLink') addWikiLink(state, node.node, found)
  else return addWidget(state, node, making)
  return true
}

function hideMark(state: EditorState, node: SyntaxNodeRef, found: Found): void {
  const parent = node.node.parent
  if (!parent || parent.name === 'FencedCode') return
  const own = HIDES[node.name] === 'line' ? state.doc.lineAt(node.from) : parent
  if (isTouched(state, own.from, own.to)) return
  // The space after `#` and `>` goes with it.
  const to = HIDES[node.name] === 'line' && state.sliceDoc(node.to, node.to + 1) === ' ' ? node.to + 1 : node.to
  if (to > node.from) found.push(HIDDEN.range(node.from, to))
}

function line(state: EditorState, from: number, to: number, name: string, found: Found): void {
  const last = state.doc.lineAt(to)
  for (let at = state.doc.lineAt(from); ; at = state.doc.line(at.number + 1)) {
    const ends = `${at.from <= from ? ' first' : ''}${at.number === last.number ? ' last' : ''}`
    found.push(Decoration.line({ class: name + ends }).range(at.from))
    if (at.number >= last.number) return
  }
}

function addLink(state: EditorState, node: SyntaxNode, found: Found): boolean {
  if (node.name !== 'Link') {
    found.push(LINK.range(node.from, node.to))
    return false
  }
  const url = node.getChild('URL')
  const [open, close] = node.getChildren('LinkMark')
  if (!url || !open || !close || close.from <= open.to) return true
  found.push(LINK.range(open.to, close.from))
  if (!isTouched(state, node.from, node.to)) {
    found.push(HIDDEN.range(open.from, open.to), HIDDEN.range(close.from, node.to))
  }
  return true
}

function addWikiLink(state: EditorState, node: SyntaxNode, found: Found): void {
  found.push(LINK.range(node.from, node.to))
  if (isTouched(state, node.from, node.to)) return
  const [open, close] = node.getChildren('WikiMark')
  const bar = node.getChild('WikiBar')
  if (!open || !close) return
  found.push(HIDDEN.range(open.from, bar && bar.to < close.from ? bar.to : open.to), HIDDEN.range(close.from, close.to))
}

function addWidget(state: EditorState, node: SyntaxNodeRef, { found, measure }: Making): boolean {
  const { name, from, to } = node
  const replace = (widget: Decoration) => {
    found.push(widget.range(from, to))
    return false
  }
  switch (name) {
    case 'TaskMarker':
      return replace(Decoration.replace({ widget: new TaskBox(/x/i.test(state.sliceDoc(from, to))) }))
    case 'ListMark': {
      const isTask = node.node.parent?.getChild('Task') != null
      const mark = state.sliceDoc(from, to)
      const isHidden = /^[-*+]$/.test(mark) && !isTouched(state, from, to)
      const line = state.doc.lineAt(from)
      const indent = state.sliceDoc(line.from, from)
      // In a quote the line begins with other marks, and has a padding of its own.
      if (/^\s*$/.test(indent)) found.push(measure({ indent, mark: isHidden ? '' : mark, isBullet: isHidden && !isTask, isTask }).range(line.from))
      if (!isHidden) return false
      return replace(isTask ? HIDDEN : Decoration.replace({ widget: new Bullet() }))
    }
    case 'HorizontalRule':
      return isTouched(state, from, to) ? false : replace(Decoration.replace({ widget: new Rule() }))
    case 'Image':
    case 'WikiEmbed':
      return addPicture(state, node.node, found)
    case 'InlineMath':
    case 'DisplayMath': {
      if (isTouched(state, from, to) || state.doc.lineAt(from).number !== state.doc.lineAt(to).number) return false
      const width = name === 'DisplayMath' ? 2 : 1
      const tex = state.sliceDoc(from + width, to - width)
      return replace(Decoration.replace({ widget: new Formula(tex, name === 'DisplayMath') }))
    }
    default:
      return true
  }
}

function addPicture(state: EditorState, node: SyntaxNode, found: Found): boolean {
  const source = node.getChild(node.name === 'Image' ? 'URL' : 'WikiTarget')
  if (!source) return true
  const text = state.sliceDoc(source.from, source.to)
  if (node.name === 'WikiEmbed' && !/\.(png|jpe?g|gif|webp|avif|svg|bmp)$/i.test(text)) return true
  const alt = /^!\[([^\]]*)\]/.exec(state.sliceDoc(node.from, node.to))?.[1] ?? text
  const widget = new Picture(text, alt)
  if (isTouched(state, node.from, node.to)) {
    found.push(Decoration.widget({ widget, side: 1 }).range(node.to))
    return true
  }
  found.push(Decoration.replace({ widget }).range(node.from, node.to))
  return false
}

export const inline = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet
    readonly measure: Measure

    constructor(view: EditorView) {
      this.measure = measureIn(view)
      this.decorations = build(view, this.measure)
    }

    update(update: ViewUpdate): void {
      const isParsed = syntaxTree(update.startState) !== syntaxTree(update.state)
      if (update.docChanged || update.viewportChanged || update.selectionSet || update.focusChanged || isParsed) this.decorations = build(update.view, this.measure)
    }
  },
  { decorations: (plugin) => plugin.decorations },
)

/** A click follows a link, unless the cursor is in it already: then it is being edited. */
export const following = EditorView.domEventHandlers({
  click(event, view) {
    if (event.button !== 0 || !(event.target as HTMLElement).closest('.cm-link')) return false
    const at = view.posAtCoords({ x: event.clientX, y: event.clientY })
    if (at === null) return false
    const link = linkAt(view.state, at)
    if (!link) return false
    view.state.facet(noteContext).follow(link.target, link.isWiki, event.ctrlKey || event.metaKey)
    return true
  },
  mousedown(event) {
    // The cursor would go into the link, and show its source instead.
    if (event.button === 0 && (event.target as HTMLElement).closest('.cm-link') && !event.shiftKey) {
      event.preventDefault()
      return true
    }
    return false
  },
})

function linkAt(state: EditorState, at: number): { target: string; isWiki: boolean } | undefined {
  for (let node: SyntaxNode | null = syntaxTree(state).resolveInner(at, 0); node; node = node.parent) {
    const isWiki = node.name === 'WikiLink'
    const target = isWiki ? node.getChild('WikiTarget') : node.name === 'Link' || node.name === 'Autolink' ? node.getChild('URL') : node.name === 'URL' ? node : null
    if (target) return { target: state.sliceDoc(target.from, target.to), isWiki }
  }
  return undefined
}
