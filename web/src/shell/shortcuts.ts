/** Keys that work everywhere in a workspace. */
import { onBeforeUnmount, onMounted } from 'vue'

import { useLayout } from '@/stores/layout'

export function useShortcuts(): void {
  const layout = useLayout()

  function press(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return
    const key = event.key.toLowerCase()
    const act = ACTIONS[`${event.shiftKey ? 'shift ' : ''}${key}`]
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }

  const ACTIONS: Record<string, () => void> = {
    k: () => (layout.isPaletteOpen ? (layout.isPaletteOpen = false) : layout.openPalette()),
    p: () => layout.openPalette(),
    'shift p': () => layout.openPalette('>'),
    'shift f': () => layout.openPalette('?'),
    '\\': () => layout.toggle('left'),
  }

  // Before the editor, which knows some of them too.
  onMounted(() => addEventListener('keydown', press, { capture: true }))
  onBeforeUnmount(() => removeEventListener('keydown', press, { capture: true }))
}
