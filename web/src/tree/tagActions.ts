/** What can be done with tags. */
import { api, ask } from '@/api/client'
import type { File, Schemas } from '@/api/client'
import { Failure, sentence } from '@/api/failure'
import { nameOf } from '@/lib/paths'
import { counted } from '@/lib/words'
import { useDialogs } from '@/stores/dialogs'
import { useTags } from '@/stores/tags'
import type { Tag } from '@/stores/tags'
import { useToasts } from '@/stores/toasts'
import { useWorkspace } from '@/stores/workspace'

import type { Thing } from './actions'

const PAGE = 1000
/** Files that a preview names. */
const SHOWN = 200
const AT_ONCE = 4
const FILES = '/api/v1/workspaces/{ws}/notebooks/{nb}/files'

export function useTagActions() {
  const workspace = useWorkspace()
  const tags = useTags()
  const dialogs = useDialogs()
  const toasts = useToasts()

  async function add(things: Thing[], tag: string): Promise<void> {
    const files = things.filter((thing) => !thing.isFolder)
    try {
      const changed: boolean[] = []
      await eachOf(files, async (thing) => void changed.push(await change(thing, (old) => (old.includes(tag) ? old : [...old, tag]))))
      const count = changed.filter(Boolean).length
      if (count === 0) toasts.show({ kind: 'note', title: `Tagged ${tag} already` })
      else {
        const what = files.length === 1 ? nameOf(files[0]?.path ?? '') : `${count} notes`
        toasts.done(`Tagged ${what} with ${tag}`, { label: 'Undo', run: () => remove(files, tag) })
      }
    } catch (cause) {
      toasts.failed('Not tagged', cause)
    }
  }

  async function remove(files: Thing[], tag: string): Promise<void> {
    try {
      await eachOf(files, (thing) => change(thing, (old) => old.filter((one) => one !== tag)))
    } catch (cause) {
      toasts.failed('The tag was not taken away', cause)
    }
  }

  /** Whether there was anything to change. */
  async function change(thing: Thing, edit: (tags: string[]) => string[], known?: File): Promise<boolean> {
    const place = { ws: workspace.slug, nb: String(thing.notebook) }
    const found = known ?? ((await ask(api.GET(`${FILES}/path/{path}`, { params: { path: { ...place, path: thing.path } } }))) as File)
    const next = edit(found.tags)
    if (next.join('\n') === found.tags.join('\n')) return false
    const body = { properties: { tags: next }, ...(found.hash ? { expected_hash: found.hash } : {}) }
    const changed = await ask(api.PUT(`${FILES}/{file_id}`, { params: { path: { ...place, file_id: found.id } }, body }))
    const isTaken = next.every((tag) => changed.tags.includes(tag)) && changed.tags.length <= next.length
    if (!isTaken) throw new Failure(409, 'conflict', `${thing.path} has its tags from elsewhere too; edit them there`)
    return true
  }

  function send(body: Schemas['TagRename']): Promise<Schemas['TagRenamed']> {
    return ask(api.PATCH('/api/v1/workspaces/{ws}/tags', { params: { path: { ws: workspace.slug } }, body }))
  }

  /** Asks for the new name, then shows what would change. */
  function rename(tag: Tag): void {
    dialogs.ask({
      kind: 'name',
      title: `Rename ${tag.tag}`,
      label: 'New name',
      value: tag.tag,
      button: 'Preview',
      hint: 'A slash makes it a tag below another. The name of another tag merges the two.',
      check: (name) => (name === '' ? 'A name is needed.' : name === tag.tag ? 'That is its name already.' : undefined),
      run: async (to) => {
        const { preview, isMerge } = await previewOf(tag.tag, to)
        // The dialog closes when this is done: the next one comes after it.
        setTimeout(() => confirm(tag.tag, to, preview, isMerge))
      },
    })
  }

  async function previewOf(from: string, to: string) {
    try {
      return { preview: await send({ from, to, dry_run: true }), isMerge: false }
    } catch (cause) {
      if (!(cause instanceof Failure) || cause.status !== 409) throw cause
      return { preview: await send({ from, to, dry_run: true, merge: true }), isMerge: true }
    }
  }

  function confirm(from: string, to: string, preview: Schemas['TagRenamed'], isMerge: boolean): void {
    dialogs.ask({
      kind: 'confirm',
      title: isMerge ? `Merge ${from} into ${to}?` : `Rename ${from} to ${to}?`,
      text: `${isMerge ? `There is a tag ${to} already; afterwards the two are one. ` : ''}${preview.count === 1 ? 'One file changes' : `${counted(preview.count, 'file')} change`}${preview.count > 0 ? ':' : '.'}`,
      items: listed(preview.files),
      button: isMerge ? 'Merge' : 'Rename',
      run: async () => {
        const renamed = await send({ from, to, merge: isMerge })
        const said = `${isMerge ? 'Merged' : 'Renamed'} in ${counted(renamed.count, 'file')}`
        // Where nothing was written there is nothing in the history to take back.
        toasts.done(said, renamed.count > 0 ? { label: 'Undo', run: () => takeBack(`Rename tag ${from} to ${to}`) } : undefined)
        tags.stale()
      },
    })
  }

  /** Takes back the newest gesture of a summary. */
  async function takeBack(summary: string): Promise<void> {
    const params = { path: { ws: workspace.slug } }
    try {
      await ask(api.POST('/api/v1/workspaces/{ws}/flush', { params }))
      const { gestures } = await ask(api.GET('/api/v1/workspaces/{ws}/gestures', { params: { ...params, query: { limit: 20 } } }))
      const found = gestures.find(({ message }) => message.startsWith(summary))
      if (!found) throw new Failure(404, 'not_found', 'it is no longer among the last changes; the history has it')
      await ask(api.POST('/api/v1/workspaces/{ws}/undo', { params, body: { gesture: found.id } }))
      toasts.done('Taken back')
      tags.stale()
    } catch (cause) {
      toasts.failed('It was not taken back', cause)
    }
  }

  /** Files that bear a tag or one below it. */
  async function bearersOf(tag: string): Promise<File[]> {
    const files: File[] = []
    for (;;) {
      const params = { query: { workspace_id: workspace.slug } }
      const body: Record<string, unknown> = { tags: [tag], limit: PAGE, offset: files.length, sort: 'path' }
      const found = await ask(api.POST('/api/v1/query', { params, body: body as Record<string, never> }))
      files.push(...found.files)
      if (found.files.length === 0 || files.length >= found.total) return files
    }
  }

  function listed(files: { notebook_id: number; path: string }[]): string[] {
    const some = files.slice(0, SHOWN).map((file) => `${workspace.notebookOf(file.notebook_id)?.name ?? ''}/${file.path}`)
    return files.length > SHOWN ? [...some, `and ${files.length - SHOWN} more`] : some
  }

  /** Asks whether a tag and those below it are to go from all files that bear them. */
  async function askRemove(tag: Tag): Promise<void> {
    let files: File[]
    try {
      files = await bearersOf(tag.tag)
    } catch (cause) {
      return toasts.failed('The files that bear it could not be found', cause)
    }
    if (files.length === 0) {
      toasts.show({ kind: 'note', title: `No file bears ${tag.tag}`, detail: 'It is declared in workspace.yaml, or only views name it.' })
      return
    }
    const below = tag.children.length > 0 ? ' and the tags below it' : ''
    dialogs.ask({
      kind: 'confirm',
      title: `Remove ${tag.tag} from all files?`,
      text: `${files.length === 1 ? 'One file loses' : `${counted(files.length, 'file')} lose`} ${tag.tag}${below}; the files stay. Views that ask for it find nothing then:`,
      items: listed(files),
      button: 'Remove',
      isDanger: true,
      run: (say) => removeAll(tag.tag, files, say),
    })
  }

  async function removeAll(tag: string, files: File[], say: (progress: string) => void): Promise<void> {
    const isOurs = (one: string) => one.toLowerCase() === tag.toLowerCase() || one.toLowerCase().startsWith(`${tag.toLowerCase()}/`)
    const before = new Map<Thing, string[]>()
    const undo = { label: 'Undo', run: () => giveBack(before) }
    try {
      await eachOf(files, async (file) => {
        const thing = { notebook: file.notebook_id, path: file.path, isFolder: false }
        const edit = (old: string[]) => {
          before.set(thing, old)
          return old.filter((one) => !isOurs(one))
        }
        // What was listed may be another by now.
        await change(thing, edit, file).catch(() => change(thing, edit))
        say(`${before.size} of ${files.length}`)
      })
      toasts.done(`Removed ${tag} from ${counted(files.length, 'file')}`, undo)
    } catch (cause) {
      toasts.show({ kind: 'failed', title: `${tag} was removed from ${before.size} of ${files.length} files only`, detail: sentence(cause), action: undo })
    }
    tags.stale()
  }

  /** What somebody else has added meanwhile stays. */
  async function giveBack(before: Map<Thing, string[]>): Promise<void> {
    try {
      await eachOf([...before], ([thing, old]) => change(thing, (now) => [...old, ...now.filter((one) => !old.includes(one))]))
      toasts.done('The tags are back')
    } catch (cause) {
      toasts.failed('Not all tags could be given back', cause)
    }
    tags.stale()
  }

  return { add, rename, askRemove }
}

/** Some at once, and all before this is done; the first that fails ends it. */
async function eachOf<T>(all: T[], work: (one: T) => Promise<unknown>): Promise<void> {
  let next = 0
  let isFailed = false
  const run = async (): Promise<void> => {
    while (next < all.length && !isFailed) {
      try {
        await work(all[next++] as T)
      } catch (cause) {
        isFailed = true
        throw cause
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, run))
}
