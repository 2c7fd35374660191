/** Where links and pictures of a note lead. */
import { useRouter } from 'vue-router'

import { api, ask, contentUrlOf } from '@/api/client'
import type { File, Notebook } from '@/api/client'
import { Failure } from '@/api/failure'
import { addressOf, extensionOf, nameOf, parentOf } from '@/lib/paths'
import { useCreating } from '@/shell/creating'
import { useToasts } from '@/stores/toasts'
import { useWorkspace } from '@/stores/workspace'

import type { NoteContext } from './live/context'

/** A path as a link of a note names it, from the notebook's root; `undefined` for what is no path or leads out. */
export function resolved(folder: string, source: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(source)) return undefined
  const words = source.replace(/[?#].*$/, '')
  let path = words
  try {
    path = decodeURIComponent(words)
  } catch {
    // A lone `%` is one.
  }
  const parts = path.startsWith('/') || folder === '' ? [] : folder.split('/')
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts.join('/')
}

export function useNoteLinks(notebook: Notebook, path: () => string, goToHeading: (name: string) => void): NoteContext {
  const workspace = useWorkspace()
  const creating = useCreating()
  const toasts = useToasts()
  const router = useRouter()

  function imageUrl(source: string): string | undefined {
    const found = resolved(parentOf(path()), source)
    return found === undefined ? undefined : contentUrlOf(workspace.slug, notebook.id, found)
  }

  function follow(target: string, isWiki: boolean, inNewTab: boolean): void {
    if (!isWiki && /^(https?:|mailto:|tel:)/i.test(target)) {
      open(target, '_blank', 'noopener,noreferrer')
      return
    }
    if (!isWiki && /^[a-z][a-z0-9+.-]*:/i.test(target)) return
    const hash = target.indexOf('#')
    const heading = hash < 0 ? '' : target.slice(hash + 1)
    const to = hash < 0 ? target : target.slice(0, hash)
    if (to === '') return goToHeading(heading)
    void go(to, heading, inNewTab)
  }

  async function go(link: string, heading: string, inNewTab: boolean): Promise<void> {
    const params = { path: { ws: workspace.slug, nb: String(notebook.id) } }
    const body = { link, current_file_path: path() }
    try {
      const found = (await ask(api.POST('/api/v1/workspaces/{ws}/notebooks/{nb}/files/resolve-link', { params, body }))) as File
      const there = workspace.notebookOf(found.notebook_id) ?? notebook
      const address = addressOf(workspace.slug, there.slug, found.path, heading)
      if (inNewTab) open(address, '_blank', 'noopener')
      else await router.push(address)
    } catch (cause) {
      if (cause instanceof Failure && cause.status === 404) offer(link)
      else toasts.failed('The link could not be followed', cause)
    }
  }

  /** A link to what is not there yet is a wish. */
  function offer(link: string): void {
    if (!workspace.canWrite) return void toasts.show({ kind: 'note', title: `There is no ${link}` })
    const wanted = link.includes('/') ? resolved(parentOf(path()), link) ?? link : link
    const folder = link.includes('/') ? parentOf(wanted) : parentOf(path())
    const name = nameOf(wanted)
    creating.note(notebook.id, folder, extensionOf(name) === '' ? `${name}.md` : name)
  }

  return { imageUrl, follow, ...{ offer } }
}
