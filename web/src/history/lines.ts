/** Two versions of a text, line beside line. */
import { diffIndices } from 'node-diff3'

import { linesOf } from '@/editor/merge'

export interface DiffLine {
  kind: 'same' | 'changed'
  /** Numbers begin with 1; a side without one has no such line. */
  left?: { number: number; text: string }
  right?: { number: number; text: string }
}

/** Lines that are the same and far from a difference. */
export interface Gap {
  kind: 'gap'
  count: number
}

export type DiffRow = DiffLine | Gap

const AROUND = 3

export function compare(old: string, now: string): DiffLine[] {
  const [a, b] = [linesOf(old), linesOf(now)]
  const rows: DiffLine[] = []
  let [left, right] = [0, 0]
  const same = (until: number) => {
    while (left < until) rows.push({ kind: 'same', left: line(a, left++), right: line(b, right++) })
  }
  for (const { buffer1: [from, removed], buffer2: [, added] } of diffIndices(a, b)) {
    same(from)
    for (let index = 0; index < Math.max(removed, added); index++) {
      rows.push({
        kind: 'changed',
        ...(index < removed ? { left: line(a, left++) } : {}),
        ...(index < added ? { right: line(b, right++) } : {}),
      })
    }
  }
  same(a.length)
  return rows
}

function line(lines: string[], index: number): { number: number; text: string } {
  return { number: index + 1, text: (lines[index] ?? '').replace(/\r?\n$/, '') }
}

/** Without what stands far from a difference. */
export function folded(rows: DiffLine[], around = AROUND): DiffRow[] {
  const near = new Set<number>()
  rows.forEach(({ kind }, index) => {
    if (kind === 'changed') for (let at = index - around; at <= index + around; at++) near.add(at)
  })
  const shown: DiffRow[] = []
  let left = 0
  rows.forEach((row, index) => {
    if (near.has(index)) {
      if (left > 0) shown.push({ kind: 'gap', count: left })
      left = 0
      shown.push(row)
    } else left++
  })
  if (left > 0) shown.push({ kind: 'gap', count: left })
  return shown
}

/** For one column: what was removed stands before what came instead. */
export function unified(rows: DiffRow[]): DiffRow[] {
  const list: DiffRow[] = []
  let waiting: DiffRow[] = []
  for (const row of rows) {
    if (row.kind !== 'changed') {
      list.push(...waiting, row)
      waiting = []
      continue
    }
    if (row.left) list.push({ kind: 'changed', left: row.left })
    if (row.right) waiting.push({ kind: 'changed', right: row.right })
  }
  return [...list, ...waiting]
}
