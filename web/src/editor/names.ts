/** Names of headings in addresses; the same for the outline and for the page. */

export function headingName(text: string): string {
  return text.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s+/g, '-')
}

export function uniqueName(name: string, used: Map<string, number>): string {
  const count = used.get(name) ?? 0
  used.set(name, count + 1)
  return count === 0 ? name : `${name}-${count}`
}
