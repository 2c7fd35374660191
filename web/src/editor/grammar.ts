/** What our notes have beyond GitHub's Markdown: `[[links]]` and formulas between dollars. */
import { tags } from '@lezer/highlight'
import type { InlineContext, MarkdownConfig } from '@lezer/markdown'

const DOLLAR = 36
const BRACKET = 91
const BANG = 33
const BACKSLASH = 92
const NEWLINE = 10

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === NEWLINE || code < 0
}

/** `$x$` and `$$x$$`, with the rules by which prices are none: no space within the dollars, no digit after. */
function parseMath(cx: InlineContext, next: number, pos: number): number {
  if (next !== DOLLAR) return -1
  const isDisplay = cx.char(pos + 1) === DOLLAR
  const width = isDisplay ? 2 : 1
  const from = pos + width
  if (!isDisplay && isSpace(cx.char(from))) return -1
  for (let at = from; at < cx.end; at++) {
    const code = cx.char(at)
    if (code === BACKSLASH) at++
    else if (code === DOLLAR) {
      if (isDisplay && cx.char(at + 1) !== DOLLAR) continue
      const after = cx.char(at + width)
      if (at === from) return -1
      if (!isDisplay && (isSpace(cx.char(at - 1)) || (after >= 48 && after <= 57))) return -1
      const marks = [cx.elt('MathMark', pos, from), cx.elt('MathMark', at, at + width)]
      return cx.addElement(cx.elt(isDisplay ? 'DisplayMath' : 'InlineMath', pos, at + width, marks))
    }
  }
  return -1
}

/** `[[target]]`, `[[target|shown]]`, and with a `!` before it. */
function parseWikiLink(cx: InlineContext, next: number, pos: number): number {
  const isEmbed = next === BANG
  const open = isEmbed ? pos + 1 : pos
  if (cx.char(open) !== BRACKET || cx.char(open + 1) !== BRACKET) return -1
  const rest = cx.slice(open + 2, Math.min(cx.end, open + 500))
  const length = rest.search(/\]\]|\n|\[\[/)
  if (length <= 0 || !rest.startsWith(']]', length)) return -1
  const end = open + 2 + length
  const bar = rest.slice(0, length).indexOf('|')
  const target = bar < 0 ? end : open + 2 + bar
  return cx.addElement(
    cx.elt(isEmbed ? 'WikiEmbed' : 'WikiLink', pos, end + 2, [
      cx.elt('WikiMark', pos, open + 2),
      cx.elt('WikiTarget', open + 2, target),
      ...(bar < 0 ? [] : [cx.elt('WikiBar', target, target + 1)]),
      cx.elt('WikiMark', end, end + 2),
    ]),
  )
}

export const ours: MarkdownConfig = {
  defineNodes: [
    { name: 'InlineMath', style: tags.special(tags.string) },
    { name: 'DisplayMath', style: tags.special(tags.string) },
    { name: 'MathMark', style: tags.processingInstruction },
    { name: 'WikiLink', style: tags.link },
    { name: 'WikiEmbed', style: tags.link },
    { name: 'WikiTarget' },
    { name: 'WikiBar', style: tags.processingInstruction },
    { name: 'WikiMark', style: tags.processingInstruction },
  ],
  parseInline: [
    { name: 'Math', parse: parseMath, before: 'Emphasis' },
    { name: 'WikiLink', parse: parseWikiLink, before: 'Link' },
  ],
}
