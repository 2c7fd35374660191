/** Making workspaces, notebooks and notes, from wherever it is asked for. */
import { useRouter } from 'vue-router'

import { api, ask } from '@/api/client'
import { addressOf, faultOfName, join } from '@/lib/paths'
import { useDialogs } from '@/stores/dialogs'
import { useTree } from '@/stores/tree'
import { useWorkspace } from '@/stores/workspace'
import { useTreeActions } from '@/tree/actions'

export function useCreating() {
  const router = useRouter()
  const dialogs = useDialogs()
  const workspaces = useWorkspace()
  const tree = useTree()
  const actions = useTreeActions()

  function goTo(slug: string): void {
    void router.push({ name: 'home', params: { ws: slug } })
  }

  function workspace(): void {
    dialogs.ask({
      kind: 'name',
      title: 'New workspace',
      label: 'Name',
      value: '',
      button: 'Make workspace',
      hint: 'A folder of notebooks on the server.',
      check: (name) => (name === '' ? 'A name is needed.' : undefined),
      run: async (name) => {
        const made = await ask(api.POST('/api/v1/workspaces', { body: { name } }))
        await workspaces.loadAll()
        goTo(made.slug)
      },
    })
  }

  function notebook(): void {
    dialogs.ask({
      kind: 'name',
      title: 'New notebook',
      label: 'Name',
      value: '',
      button: 'Make notebook',
      hint: 'A folder with its own index and history.',
      check: faultOfName,
      run: async (name) => {
        const params = { path: { ws: workspaces.slug } }
        const made = await ask(api.POST('/api/v1/workspaces/{ws}/notebooks', { params, body: { name } }))
        await workspaces.reloadNotebooks()
        tree.syncNotebooks()
        await router.push(addressOf(workspaces.slug, made.slug, ''))
      },
    })
  }

  /** A note in a folder; opens it. */
  function note(notebookId: number, folder: string, name = ''): void {
    dialogs.ask({
      kind: 'name',
      title: 'New note',
      label: 'Name',
      value: name,
      button: 'Make note',
      hint: `In ${where(notebookId, folder)}. Without an extension it becomes a Markdown note.`,
      check: faultOfName,
      run: async (given) => {
        const path = await actions.createNote(notebookId, folder, given)
        await router.push(addressOf(workspaces.slug, slugOf(notebookId), path))
      },
    })
  }

  /** A file that begins with a template, in a folder; opens it. */
  function fromTemplate(notebookId: number, at: string, template?: string): void {
    dialogs.ask({
      kind: 'template',
      title: 'New note from a template',
      notebook: notebookId,
      folder: at,
      ...(template === undefined ? {} : { template }),
      run: async ({ notebook: into, template: id, path }) => {
        const params = { path: { ws: workspaces.slug, nb: String(into) } }
        const body = { template_id: id, ...(path === undefined ? {} : { filename: path }) }
        const made = await ask(api.POST('/api/v1/workspaces/{ws}/notebooks/{nb}/files/from-template', { params, body }))
        await router.push(addressOf(workspaces.slug, slugOf(into), made.path))
      },
    })
  }

  function folder(notebookId: number, parent: string): void {
    dialogs.ask({
      kind: 'name',
      title: 'New folder',
      label: 'Name',
      value: '',
      button: 'Make folder',
      hint: `In ${where(notebookId, parent)}.`,
      check: faultOfName,
      run: async (name) => {
        await actions.createFolder(notebookId, parent, name)
        await tree.reveal(notebookId, join(parent, name))
      },
    })
  }

  function slugOf(notebookId: number): string {
    return workspaces.notebookOf(notebookId)?.slug ?? String(notebookId)
  }

  function where(notebookId: number, path: string): string {
    const name = workspaces.notebookOf(notebookId)?.name ?? 'the notebook'
    return path === '' ? name : `${name} / ${path}`
  }

  return { goTo, workspace, notebook, note, fromTemplate, folder }
}
