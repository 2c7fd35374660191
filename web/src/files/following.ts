/** A file as the server has it now: read again when something changes it or its sidecar. */
import { onBeforeUnmount, onMounted, ref, shallowRef, watch } from 'vue'

import { api, ask } from '@/api/client'
import type { File, Notebook } from '@/api/client'
import { Failure, sentence } from '@/api/failure'
import { listen } from '@/api/live'
import { useWorkspace } from '@/stores/workspace'

export function useFollowed(file: () => File, notebook: Notebook, moved: (path: string) => void = () => undefined) {
  const workspace = useWorkspace()
  const now = shallowRef(file())
  const fault = ref('')
  let stop: (() => void) | undefined

  watch(file, (next) => (now.value = next))

  async function load(): Promise<void> {
    const path = { ws: workspace.slug, nb: String(notebook.id), file_id: file().id }
    try {
      now.value = await ask(api.GET('/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}', { params: { path } }))
      fault.value = ''
    } catch (cause) {
      fault.value = cause instanceof Failure && cause.status === 404 ? 'This file is no longer there: it was deleted or moved away.' : sentence(cause)
    }
  }

  onMounted(() => {
    stop = listen((event) => {
      if (event.type === 'resync') void load()
      if (event.type !== 'file_change' || event.notebook_id !== notebook.id || event.file_id !== file().id) return
      if (event.event_type === 'moved') moved(event.path)
      else void load()
    })
  })
  onBeforeUnmount(() => stop?.())

  return { now, fault }
}
