/** Live preview: the text as it reads, and its Markdown where the cursor is. */
import { blocks, focus } from './blocks'
import { following, inline } from './inline'

export const livePreview = [focus, blocks, inline, following]
