/** The text of a `.cdx` that another view shows, read again when it changes. */
import { onBeforeUnmount, ref, watch } from 'vue'

import { contentUrlOf, send } from '@/api/client'
import { Failure, sentence } from '@/api/failure'
import { listen } from '@/api/live'
import { useWorkspace } from '@/stores/workspace'

export interface ViewFile {
  path: string
  text: string
}

/** At the first of the paths where there is one. */
export function useViewFile(notebook: () => number | undefined, paths: () => string[]) {
  const workspace = useWorkspace()
  const file = ref<ViewFile | null>(null)
  const fault = ref('')
  let asked = 0

  async function load(): Promise<void> {
    const number = ++asked
    try {
      const found = await find()
      if (number !== asked) return
      file.value = found
      fault.value = found ? '' : `There is no ${paths()[0] ?? 'such view'}.`
    } catch (cause) {
      if (number === asked) fault.value = sentence(cause)
    }
  }

  async function find(): Promise<ViewFile | null> {
    const id = notebook()
    if (id === undefined) return null
    for (const path of paths()) {
      const response = await send(new Request(contentUrlOf(workspace.slug, id, path)))
      if (response.ok) return { path, text: await response.text() }
      if (response.status !== 404) throw Failure.of(response.status, await response.json().catch(() => undefined))
    }
    return null
  }

  watch(() => `${notebook() ?? ''} ${paths().join('\n')}`, () => void load(), { immediate: true })
  const stop = listen((event) => {
    const isOurs = event.type === 'file_change' && event.notebook_id === notebook() && paths().some((path) => path === event.path || path === event.old_path)
    if (isOurs || event.type === 'resync') void load()
  })
  onBeforeUnmount(stop)

  return { file, fault }
}
