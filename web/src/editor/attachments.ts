/** Pictures and files that are pasted or dropped into a note: they go into the folder `attachments` beside it. */
import { EditorView } from '@codemirror/view'

import { join, nameOf, relative } from '@/lib/paths'

export const ATTACHMENTS = 'attachments'

export interface Attaching {
  /** The folder of the note. */
  folder: () => string
  /** Sends a file to a path; where it is then. */
  upload: (path: string, file: File) => Promise<string>
  failed: (name: string, cause: unknown) => void
}

const STAMP = new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeStyle: 'medium' })

/** A name for a picture that has none: when it was pasted. */
export function nameFor(file: File, now = new Date()): string {
  const isNamed = file.name !== '' && !/^image\.\w+$/.test(file.name)
  if (isNamed) return file.name.replace(/[\\/:*?"<>|\s]+/g, '-')
  const extension = file.type.split('/')[1]?.replace('jpeg', 'jpg').replace(/\+.*/, '') ?? 'bin'
  return `pasted-${STAMP.format(now).replace(/[ :]/g, '-')}.${extension}`
}

export function markdownFor(folder: string, path: string): string {
  const way = encodeURI(relative(folder, path)).replace(/[()]/g, (sign) => (sign === '(' ? '%28' : '%29'))
  const isPicture = /\.(png|jpe?g|gif|webp|avif|svg|bmp)$/i.test(path)
  return `${isPicture ? '!' : ''}[${isPicture ? '' : nameOf(path)}](${way})`
}

async function attach(view: EditorView, at: number, files: File[], attaching: Attaching): Promise<void> {
  const folder = attaching.folder()
  let position = at
  for (const file of files) {
    try {
      const path = await attaching.upload(join(folder, `${ATTACHMENTS}/${nameFor(file)}`), file)
      const insert = markdownFor(folder, path)
      const to = Math.min(position, view.state.doc.length)
      view.dispatch({ changes: { from: to, insert }, selection: { anchor: to + insert.length }, userEvent: 'input.paste' })
      position = to + insert.length
    } catch (cause) {
      attaching.failed(file.name, cause)
    }
  }
}

export function attachments(attaching: Attaching) {
  return EditorView.domEventHandlers({
    paste(event, view) {
      const files = [...(event.clipboardData?.files ?? [])]
      // Tables of office programs come as text and as a picture of it: the text is meant.
      if (files.length === 0 || view.state.readOnly || event.clipboardData?.types.includes('text/plain')) return false
      event.preventDefault()
      void attach(view, view.state.selection.main.head, files, attaching)
      return true
    },
    drop(event, view) {
      const files = [...(event.dataTransfer?.files ?? [])]
      if (files.length === 0 || view.state.readOnly) return false
      event.preventDefault()
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY }) ?? view.state.selection.main.head
      void attach(view, at, files, attaching)
      return true
    },
  })
}
