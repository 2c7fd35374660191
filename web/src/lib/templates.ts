/** What placeholders of a template stand for, as the server fills them (src/engine/templates.rs). */

export const PLACEHOLDERS = ['title', 'date', 'time', 'datetime', 'yyyy', 'mm', 'dd', 'hh', 'min'] as const

/** Where a notebook keeps its own. */
export const TEMPLATES = '.templates'

/** The name that a file of a template has where nobody says: only the parts of a date stand in names. */
export function filledName(name: string, now = new Date()): string {
  const [date = '', time = ''] = now.toLocaleString('sv').split(' ')
  const [yyyy = '', mm = '', dd = ''] = date.split('-')
  const [hh = '', min = ''] = time.split(':')
  const known: Record<string, string> = { date, yyyy, mm, dd, hh, min }
  return name.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, key: string) => known[key] ?? whole)
}
