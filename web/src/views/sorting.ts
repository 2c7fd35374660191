/** What a view is sorted by: `priority desc, -due`, or a list of such. */
import type { Value } from '@/editor/frontmatter'

export interface SortKey {
  key: string
  isDown: boolean
}

export function readSort(value: Value | undefined): SortKey[] {
  const texts = Array.isArray(value) ? value : [value]
  return texts
    .flatMap((one) => (typeof one === 'string' ? one.split(',') : []))
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, minus = '', key = '', word = ''] = /^(-?)(.*?)(?:\s+(asc|desc))?$/i.exec(part) ?? []
      return { key, isDown: (minus !== '') !== (word.toLowerCase() === 'desc') }
    })
}

export function writeSort(keys: SortKey[]): string | undefined {
  const written = keys.map(({ key, isDown }) => ({ key: key.trim(), isDown })).filter(({ key }) => key !== '')
  return written.length === 0 ? undefined : written.map(({ key, isDown }) => (isDown ? `${key} desc` : key)).join(', ')
}
