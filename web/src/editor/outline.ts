/** Headings and counts of a note. */
import { findHead } from './frontmatter'
import { headingName, uniqueName } from './names'

export interface Heading {
  level: number
  text: string
  /** As an address names it. */
  name: string
  /** Where its line begins in the text. */
  from: number
}

export interface Counts {
  words: number
  characters: number
}

export function headingsOf(text: string): Heading[] {
  const found: Heading[] = []
  const used = new Map<string, number>()
  const body = findHead(text)?.body ?? 0
  let fence = ''
  for (const { line, from } of linesFrom(text, body)) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (fence !== '') {
      if (mark?.startsWith(fence) && line.trim() === mark) fence = ''
      continue
    }
    if (mark !== undefined) {
      fence = mark
      continue
    }
    const heading = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/.exec(line)
    if (!heading) continue
    const words = heading[2] ?? ''
    found.push({ level: heading[1]?.length ?? 1, text: plain(words), name: uniqueName(headingName(words), used), from })
  }
  return found
}

function* linesFrom(text: string, start: number): Generator<{ line: string; from: number }> {
  for (let from = start; from <= text.length; ) {
    const end = text.indexOf('\n', from)
    const to = end < 0 ? text.length : end
    yield { line: text.slice(from, to).replace(/\r$/, ''), from }
    if (end < 0) return
    from = end + 1
  }
}

function plain(words: string): string {
  return words.replace(/!?\[\[(?:[^\]|]*\|)?([^\]]*)\]\]/g, '$1').replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[*_`~]/g, '')
}

const OTHER = 0
const LETTER = 1
/** What is a word by itself: scripts without spaces. */
const SIGN = 2
/** What stands within words, and begins none. */
const WITHIN = 3
const SPACE = 4
type Kind = typeof OTHER | typeof LETTER | typeof SIGN | typeof WITHIN | typeof SPACE

const kinds = new Map<number, Kind>()

function kindOf(code: number): Kind {
  const known = kinds.get(code)
  if (known !== undefined) return known
  const sign = String.fromCodePoint(code)
  let kind: Kind = OTHER
  if (/\s/.test(sign)) kind = SPACE
  else if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(sign)) kind = SIGN
  else if (/[\p{L}\p{N}]/u.test(sign)) kind = LETTER
  else if (/[\p{M}'’_.-]/u.test(sign)) kind = WITHIN
  kinds.set(code, kind)
  return kind
}

/**
 * Of the body: what its author wrote. Words are what stands between spaces, and each sign of scripts without them; spaces
 * in a row are one character. In one go, since a megabyte is counted while somebody types.
 */
export function countsOf(text: string): Counts {
  let words = 0
  let characters = 0
  let isInWord = false
  let hasSpace = false
  for (let at = findHead(text)?.body ?? 0; at < text.length; at++) {
    const code = text.codePointAt(at) ?? 0
    if (code > 0xffff) at++
    const kind = kindOf(code)
    if (kind === SPACE) {
      hasSpace = characters > 0
      isInWord = false
      continue
    }
    characters += hasSpace ? 2 : 1
    hasSpace = false
    if (kind === OTHER) isInWord = false
    else if (!isInWord && kind !== WITHIN) {
      words++
      isInWord = kind === LETTER
    }
  }
  return { words, characters }
}
