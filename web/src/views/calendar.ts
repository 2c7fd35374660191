/** Days of a month as weeks that begin with Monday, as `YYYY-MM-DD`. */

export function dayOf(date: Date): string {
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`
}

/** All days from the Monday before the first to the Sunday after the last. */
export function monthOf(year: number, month: number): string[] {
  const first = new Date(year, month, 1)
  const last = new Date(year, month + 1, 0)
  const before = (first.getDay() + 6) % 7
  const after = 6 - ((last.getDay() + 6) % 7)
  const count = before + last.getDate() + after
  return Array.from({ length: count }, (_, index) => dayOf(new Date(year, month, 1 - before + index)))
}

export function weekOf(day: string): string[] {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  const at = new Date(year, month - 1, date)
  const before = (at.getDay() + 6) % 7
  return Array.from({ length: 7 }, (_, index) => dayOf(new Date(year, month - 1, date - before + index)))
}

/** The day that a value is of; a time keeps its day as it was written. */
export function dayOfValue(value: unknown): string | undefined {
  return typeof value === 'string' ? /^\d{4}-\d{2}-\d{2}/.exec(value)?.[0] : undefined
}
