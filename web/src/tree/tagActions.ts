/** What can be done with tags. */
import { api, ask } from '@/api/client'
import type { File, Schemas } from '@/api/client'
import { Failure } from '@/api/failure'
import { nameOf } from '@/lib/paths'
import { useDialogs } from '@/stores/dialogs'
import { useTags } from '@/stores/tags'
import type { Tag } from '@/stores/tags'
import { useToasts } from '@/stores/toasts'
import { useWorkspace } from '@/stores/workspace'

import type { Thing } from './actions'

const FILES = '/api/v1/workspaces/{ws}/notebooks/{nb}/files'

export function useTagActions() {
  const workspace = useWorkspace()
  const tags = useTags()
  const dialogs = useDialogs()
  const toasts = useToasts()

  async function add(things: Thing[], tag: string): Promise<void> {
    const files = things.filter((thing) => !thing.isFolder)
    try {
      const changed = await Promise.all(files.map((thing) => change(thing, (old) => (old.includes(tag) ? old : [...old, tag]))))
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
      await Promise.all(files.map((thing) => change(thing, (old) => old.filter((one) => one !== tag))))
    } catch (cause) {
      toasts.failed('The tag was not taken away', cause)
    }
  }

  /** Whether there was anything to change. */
  async function change(thing: Thing, edit: (tags: string[]) => string[]): Promise<boolean> {
    const place = { ws: workspace.slug, nb: String(thing.notebook) }
    const found = (await ask(api.GET(`${FILES}/path/{path}`, { params: { path: { ...place, path: thing.path } } }))) as File
    const next = edit(found.tags)
    if (next === found.tags) return false
    const body = { properties: { tags: next }, ...(found.hash ? { expected_hash: found.hash } : {}) }
    await ask(api.PUT(`${FILES}/{file_id}`, { params: { path: { ...place, file_id: found.id } }, body }))
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
    const some = preview.files.slice(0, 3).map((file) => file.path)
    const rest = preview.count - some.length
    const list = some.length === 0 ? '' : `: ${some.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
    dialogs.ask({
      kind: 'confirm',
      title: isMerge ? `Merge ${from} into ${to}?` : `Rename ${from} to ${to}?`,
      text: `${isMerge ? `There is a tag ${to} already; afterwards the two are one. ` : ''}${preview.count === 1 ? 'One file changes' : `${preview.count} files change`}${list}.`,
      button: isMerge ? 'Merge' : 'Rename',
      run: async () => {
        const renamed = await send({ from, to, merge: isMerge })
        toasts.done(`${isMerge ? 'Merged' : 'Renamed'} in ${renamed.count === 1 ? 'one file' : `${renamed.count} files`}`)
        tags.stale()
      },
    })
  }

  return { add, rename }
}
