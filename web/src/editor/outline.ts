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

/** Of the body: what its author wrote. Words are what stands between spaces, and each sign of scripts without them. */
export function countsOf(text: string): Counts {
  const body = text.slice(findHead(text)?.body ?? 0)
  const words = body.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}][\p{L}\p{N}\p{M}'’_.-]*/gu)
  return { words: words?.length ?? 0, characters: Array.from(body.replace(/\s+/g, ' ').trim()).length }
}
