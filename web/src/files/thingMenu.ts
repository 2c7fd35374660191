/** What can be done with the file that is open. */
import { useRouter } from 'vue-router'

import { contentUrl } from '@/api/client'
import type { File, Notebook } from '@/api/client'
import { useCopying } from '@/components/copying'
import { addressOf, faultOfName, join, nameOf, parentOf } from '@/lib/paths'
import { useDialogs } from '@/stores/dialogs'
import { useWorkspace } from '@/stores/workspace'
import { useTreeActions } from '@/tree/actions'
import type { Thing } from '@/tree/actions'

export function useThingMenu(file: () => File, notebook: Notebook) {
  const workspace = useWorkspace()
  const actions = useTreeActions()
  const dialogs = useDialogs()
  const copy = useCopying()
  const router = useRouter()

  function thing(): Thing {
    return { notebook: notebook.id, path: file().path, isFolder: false, id: file().id }
  }

  function address(path: string): string {
    return addressOf(workspace.slug, notebook.slug, path)
  }

  function copyLink(): Promise<void> {
    return copy(location.origin + address(file().path), 'Link copied')
  }

  function download(): void {
    const link = document.createElement('a')
    link.href = contentUrl(workspace.slug, notebook.id, file().id, true)
    link.download = nameOf(file().path)
    link.click()
  }

  function rename(): void {
    const name = nameOf(file().path)
    dialogs.ask({
      kind: 'name',
      title: `Rename ${name}`,
      label: 'Name',
      value: name,
      button: 'Rename',
      hint: 'Links of other notes to it come along.',
      selectStem: true,
      check: faultOfName,
      run: async (given) => {
        if (given !== name) await router.replace(address(await actions.rename(thing(), given)))
      },
    })
  }

  function move(): void {
    const { path } = file()
    dialogs.ask({
      kind: 'folder',
      title: `Move ${nameOf(path)}`,
      notebook: notebook.id,
      folder: parentOf(path),
      run: async (folder) => {
        await actions.moveInto([thing()], folder)
        await router.replace(address(join(folder, nameOf(path))))
      },
    })
  }

  async function remove(): Promise<void> {
    const { path } = file()
    await actions.remove([thing()])
    await router.push(address(parentOf(path)))
  }

  function history(): void {
    void router.push({ name: 'history', params: { ws: workspace.slug, nb: notebook.slug, path: file().path.split('/') } })
  }

  return { copyLink, download, rename, move, remove, history }
}
