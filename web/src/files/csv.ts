/** Tables of text: RFC 4180, with whichever sign parts the cells. */

export interface TableData {
  head: string[]
  rows: string[][]
  /** Which columns are numbers, but for cells that are empty. */
  isNumeric: boolean[]
  /** Rows that are left out. */
  more: number
}

const SEPARATORS = [',', '\t', ';', '|']
const MOST_ROWS = 200_000

/** The sign that parts the first lines into as many cells each. */
export function separatorOf(text: string): string {
  const lines = text.slice(0, 20_000).split(/\r?\n/).filter((line) => line !== '').slice(0, 10)
  const scored = SEPARATORS.map((sign) => {
    const counts = lines.map((line) => line.replace(/"(?:[^"]|"")*"/g, '').split(sign).length - 1)
    const [first = 0] = counts
    return { sign, score: first > 0 && counts.every((count) => count === first) ? first + 1000 : first }
  })
  return scored.reduce((best, one) => (one.score > best.score ? one : best)).sign
}

export function readTable(text: string, most = MOST_ROWS): TableData {
  const separator = separatorOf(text)
  const rows: string[][] = []
  let more = 0
  for (const row of rowsOf(text.replace(/^\uFEFF/, ''), separator)) {
    if (rows.length <= most) rows.push(row)
    else more++
  }
  const head = rows.shift() ?? []
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), head.length)
  while (head.length < width) head.push(`Column ${head.length + 1}`)
  const isNumeric = head.map((_, column) => {
    let count = 0
    for (const row of rows) {
      const cell = row[column] ?? ''
      if (cell.trim() === '') continue
      if (!isNumber(cell)) return false
      count++
    }
    return count > 0
  })
  return { head, rows, isNumeric, more }
}

function* rowsOf(text: string, separator: string): Generator<string[]> {
  let row: string[] = []
  let at = 0
  while (at < text.length) {
    let cell = ''
    if (text[at] === '"') {
      for (at++; at < text.length; ) {
        const end = text.indexOf('"', at)
        cell += text.slice(at, end < 0 ? text.length : end)
        at = end < 0 ? text.length : end + 1
        if (text[at] !== '"') break
        cell += '"'
        at++
      }
    }
    const from = at
    while (at < text.length && text[at] !== separator && text[at] !== '\n') at++
    cell += text.slice(from, at).replace(/\r$/, '')
    row.push(cell)
    if (at >= text.length) break
    if (text[at] === '\n') {
      if (row.length > 1 || row[0] !== '') yield row
      row = []
    } else if (at === text.length - 1) row.push('')
    at++
  }
  if (row.length > 1 || (row[0] ?? '') !== '') yield row
}

export function isNumber(cell: string): boolean {
  return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(cell)
}

/** The rows in another order; empty cells come last either way. */
export function sorted(table: TableData, column: number, isDown: boolean): string[][] {
  const sign = isDown ? -1 : 1
  const collator = new Intl.Collator(undefined, { numeric: true })
  const keyed = table.rows.map((row) => ({ row, cell: (row[column] ?? '').trim(), number: Number(row[column]) }))
  keyed.sort((a, b) => {
    if (a.cell === '' || b.cell === '') return (a.cell === '' ? 1 : 0) - (b.cell === '' ? 1 : 0)
    return sign * (table.isNumeric[column] ? a.number - b.number : collator.compare(a.cell, b.cell))
  })
  return keyed.map(({ row }) => row)
}
