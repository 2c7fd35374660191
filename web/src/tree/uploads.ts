/** Files from the desktop on their way to a folder, with how far they are. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { renew } from '@/api/client'
import { Failure } from '@/api/failure'
import { join } from '@/lib/paths'
import { useToasts } from '@/stores/toasts'
import { useWorkspace } from '@/stores/workspace'

export interface Upload {
  id: number
  name: string
  sent: number
  size: number
  state: 'waiting' | 'sending' | 'done' | 'failed'
}

const AT_ONCE = 2

export const useUploads = defineStore('uploads', () => {
  const workspace = useWorkspace()
  const toasts = useToasts()
  const uploads = ref<Upload[]>([])
  const isBusy = computed(() => uploads.value.some((one) => one.state === 'waiting' || one.state === 'sending'))
  const progress = computed(() => {
    const size = uploads.value.reduce((sum, one) => sum + one.size, 0)
    return size === 0 ? 1 : uploads.value.reduce((sum, one) => sum + one.sent, 0) / size
  })
  const queue: (() => Promise<void>)[] = []
  let running = 0
  let last = 0

  /** Sends files to a folder; resolves with the paths that arrived. */
  async function add(notebook: number, folder: string, files: globalThis.File[]): Promise<string[]> {
    const sent = await Promise.all(files.map((file) => one(notebook, folder, file)))
    const paths = sent.filter((path): path is string => path !== undefined)
    if (paths.length > 0) toasts.done(paths.length === 1 ? `Uploaded ${files[0]?.name ?? ''}` : `Uploaded ${paths.length} files`)
    if (!isBusy.value) uploads.value = []
    return paths
  }

  function one(notebook: number, folder: string, file: globalThis.File): Promise<string | undefined> {
    uploads.value.push({ id: ++last, name: file.name, sent: 0, size: file.size, state: 'waiting' })
    // The one that is watched.
    const upload = uploads.value[uploads.value.length - 1] as Upload
    return new Promise((resolve) => {
      queue.push(async () => {
        upload.state = 'sending'
        try {
          const path = join(folder, file.name)
          const arrived = await put(notebook, path, file, (sent) => (upload.sent = Math.min(sent, upload.size)))
          Object.assign(upload, { state: 'done', sent: upload.size })
          resolve(arrived)
        } catch (cause) {
          upload.state = 'failed'
          toasts.failed(`${file.name} was not uploaded`, cause)
          resolve(undefined)
        }
      })
      pump()
    })
  }

  function pump(): void {
    while (running < AT_ONCE) {
      const next = queue.shift()
      if (!next) return
      running++
      void next().finally(() => {
        running--
        pump()
      })
    }
  }

  /** `fetch` does not say how much was sent. */
  async function put(notebook: number, path: string, file: Blob, on: (sent: number) => void): Promise<string> {
    const url = `/api/v1/workspaces/${workspace.slug}/notebooks/${notebook}/files/upload`
    const answer = await post(url, path, file, on)
    if (answer.status === 401 && (await renew())) return read(await post(url, path, file, on))
    return read(answer)
  }

  return { uploads, isBusy, progress, add, put }
})

interface Answer {
  status: number
  body: unknown
}

function post(url: string, path: string, file: Blob, on: (sent: number) => void): Promise<Answer> {
  const form = new FormData()
  form.append('path', path)
  form.append('file', file)
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', url)
    request.responseType = 'json'
    request.upload.onprogress = (event) => on(event.loaded)
    request.onload = () => resolve({ status: request.status, body: request.response })
    request.onerror = () => reject(new Failure(0, 'offline', 'the connection was lost; drop the file again'))
    request.send(form)
  })
}

function read({ status, body }: Answer): string {
  if (status >= 300) throw Failure.of(status, body)
  return (body as { path: string }).path
}
