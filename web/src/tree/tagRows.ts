/** Tags as rows of a list, of which those that are found or opened are there. */
import type { Tag } from '@/stores/tags'

export interface TagItem {
  tag: Tag
  depth: number
  isOpen: boolean
  /** Among those directly below the same tag, from 1. */
  position: number
  siblings: number
}

/** Of a filter that is not empty, all are open that lead to what it finds. */
export function tagRows(tags: Tag[], isOpen: (tag: string) => boolean, filter: string): TagItem[] {
  const part = filter.trim().toLowerCase()
  const rows: TagItem[] = []
  const add = (list: Tag[], depth: number): void => {
    list.forEach((tag, index) => {
      const open = tag.children.length > 0 && (part !== '' || isOpen(tag.tag))
      rows.push({ tag, depth, isOpen: open, position: index + 1, siblings: list.length })
      if (open) add(tag.children, depth + 1)
    })
  }
  add(matching(tags, part), 0)
  return rows
}

/** Tags whose names have the text, and what they lie below. */
function matching(list: Tag[], part: string): Tag[] {
  if (part === '') return list
  return list.flatMap((tag) => {
    const children = matching(tag.children, part)
    return tag.tag.toLowerCase().includes(part) || children.length > 0 ? [{ ...tag, children }] : []
  })
}

/** How many tags there are, with those below others. */
export function tagCount(tags: Tag[]): number {
  return tags.reduce((sum, tag) => sum + 1 + tagCount(tag.children), 0)
}
