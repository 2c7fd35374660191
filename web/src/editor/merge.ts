/** Two texts that came from one, put together line by line. */
import { diff3Merge, diffIndices } from 'node-diff3'

export interface Same {
  kind: 'same'
  text: string
}

export interface Conflict {
  kind: 'conflict'
  mine: string
  base: string
  theirs: string
}

export type Part = Same | Conflict

/** Lines with their ends, so that joining them gives the text again. */
export function linesOf(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/)
}

export function merge(base: string, mine: string, theirs: string): Part[] {
  const regions = diff3Merge(linesOf(mine), linesOf(base), linesOf(theirs), { excludeFalseConflicts: true })
  return regions.map((region) =>
    region.conflict
      ? { kind: 'conflict', mine: region.conflict.a.join(''), base: region.conflict.o.join(''), theirs: region.conflict.b.join('') }
      : { kind: 'same', text: (region.ok ?? []).join('') },
  )
}

/** The text of both, where they changed different lines. */
export function mergedCleanly(parts: Part[]): string | undefined {
  return parts.every((part) => part.kind === 'same') ? parts.map((part) => part.text).join('') : undefined
}

export interface Change {
  from: number
  to: number
  insert: string
}

/** Lines that are compared; beyond it the middle is replaced as one. */
const COMPARED_LINES = 4000

/** What has to be changed to make one text of another: as little as keeps cursors where they are. */
export function changesBetween(old: string, next: string): Change[] {
  let start = 0
  const shortest = Math.min(old.length, next.length)
  while (start < shortest && old.charCodeAt(start) === next.charCodeAt(start)) start++
  let end = 0
  while (end < shortest - start && old.charCodeAt(old.length - 1 - end) === next.charCodeAt(next.length - 1 - end)) end++
  if (start === old.length && start === next.length) return []
  // Whole lines, so that the comparison finds what they share.
  const from = start === 0 ? 0 : old.lastIndexOf('\n', start - 1) + 1
  const afterOld = old.indexOf('\n', old.length - end)
  const tail = afterOld < 0 ? 0 : old.length - afterOld - 1
  const a = linesOf(old.slice(from, old.length - tail))
  const b = linesOf(next.slice(from, next.length - tail))
  if (a.length + b.length > COMPARED_LINES || from > next.length - tail) {
    return [{ from: start, to: old.length - end, insert: next.slice(start, next.length - end) }]
  }
  const offsets = [from]
  for (const line of a) offsets.push((offsets.at(-1) ?? 0) + line.length)
  return diffIndices(a, b).map(({ buffer1: [at, count], buffer2Content }) =>
    narrowed(offsets[at] ?? from, a.slice(at, at + count).join(''), buffer2Content.join('')),
  )
}

/** Within lines too: what is the same at the ends stays. */
function narrowed(from: number, old: string, insert: string): Change {
  let start = 0
  const shortest = Math.min(old.length, insert.length)
  while (start < shortest && old[start] === insert[start]) start++
  let end = 0
  while (end < shortest - start && old[old.length - 1 - end] === insert[insert.length - 1 - end]) end++
  return { from: from + start, to: from + old.length - end, insert: insert.slice(start, insert.length - end) }
}
