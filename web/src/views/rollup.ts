/** The sections of a rollup: those that the view names, else its groups; of spans of time the latest first. */
import type { File, Schemas } from '@/api/client'

import { isJson } from './definition'
import type { Definition, Json } from './definition'
import { groupsOf, isTimed } from './groups'
import { textOf, valueOf } from './values'

export interface Section {
  id: string
  title: string
  files: File[]
}

/** `undefined` where all notes are one section. */
export function sectionsOf(definition: Definition, result: Schemas['QueryResult']): Section[] | undefined {
  const groups = groupsOf(definition, result)
  const { sections } = definition.config
  if (Array.isArray(sections)) {
    // Groups are of all that is found; a note with two tags stands in two of them.
    const files = groups ? [...new Map(groups.flatMap((group) => group.files).map((file) => [file.ref, file])).values()] : result.files
    return sections.filter(isJson).map((one, index) => {
      const filter = isJson(one.filter) ? one.filter : {}
      return { id: String(index), title: typeof one.title === 'string' ? one.title : Object.values(filter).map(textOf).join(', ') || 'All', files: files.filter((file) => fits(file, filter)) }
    })
  }
  if (!groups) return undefined
  const known = groups.filter(({ value }) => value !== null)
  const without = groups.filter(({ value }) => value === null)
  return isTimed(definition.groupBy) ? [...known.reverse(), ...without] : groups
}

/** Whether a note has each value, or one of those that are listed; of a list of its own one is enough. */
export function fits(file: File, filter: Json): boolean {
  return Object.entries(filter).every(([key, wanted]) => {
    const own = valueOf(file, key.replace(/^properties\./, ''))
    const has = (Array.isArray(own) ? own : [own]).map(textOf)
    return (Array.isArray(wanted) ? wanted : [wanted]).some((one) => has.includes(textOf(one)))
  })
}
