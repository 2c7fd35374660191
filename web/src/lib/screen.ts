/** How large the screen is, and what the person prefers. */
import { ref } from 'vue'
import type { Ref } from 'vue'

export function matches(query: string): Ref<boolean> {
  const list = matchMedia(query)
  const found = ref(list.matches)
  list.addEventListener('change', (event) => (found.value = event.matches))
  return found
}

/** Panes beside the content become drawers. */
export const isNarrow = matches('(max-width: 899px)')

/** A finger drags nothing: it scrolls. */
export const isTouch = matches('(pointer: coarse)')

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)

/** `Ctrl K`, `⌘K`. */
export function shortcut(keys: string): string {
  return isMac ? keys.replace('Ctrl ', '⌘').replace('Shift ', '⇧') : keys
}
