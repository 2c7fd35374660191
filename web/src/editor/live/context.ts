/** What the live preview has to know of the note that is edited. */
import { Facet } from '@codemirror/state'

export interface NoteContext {
  /** Where the bytes of a picture are that the note names; `undefined` for one elsewhere, which is not loaded. */
  imageUrl: (source: string) => string | undefined
  /** Follows a link of the note. */
  follow: (target: string, isWiki: boolean, inNewTab: boolean) => void
}

const NOTHING: NoteContext = { imageUrl: () => undefined, follow: () => undefined }

export const noteContext = Facet.define<NoteContext, NoteContext>({ combine: (values) => values[0] ?? NOTHING })
