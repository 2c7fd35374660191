/** Which panes are open, and how wide. Kept in the browser. */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'

import { isNarrow } from '@/lib/screen'

const KEY = 'codex-layout'
export const NARROWEST = 190
export const WIDEST = 560

interface Kept {
  left: boolean
  right: boolean
  leftWidth: number
  rightWidth: number
  showTitles: boolean
}

const FIRST: Kept = { left: true, right: true, leftWidth: 272, rightWidth: 296, showTitles: false }

export const useLayout = defineStore('layout', () => {
  const kept = restored()
  const left = ref(kept.left)
  const right = ref(kept.right)
  const leftWidth = ref(bounded(kept.leftWidth))
  const rightWidth = ref(bounded(kept.rightWidth))
  const showTitles = ref(kept.showTitles)
  /** Drawers of a narrow screen: shut until they are called for. */
  const drawer = ref<'left' | 'right' | null>(null)
  const isPaletteOpen = ref(false)
  const paletteText = ref('')

  watch([left, right, leftWidth, rightWidth, showTitles], () => {
    const now: Kept = {
      left: left.value, right: right.value, leftWidth: leftWidth.value, rightWidth: rightWidth.value, showTitles: showTitles.value,
    }
    try {
      localStorage.setItem(KEY, JSON.stringify(now))
    } catch {
      // It lasts as long as the page.
    }
  })

  function toggle(side: 'left' | 'right'): void {
    if (isNarrow.value) drawer.value = drawer.value === side ? null : side
    else if (side === 'left') left.value = !left.value
    else right.value = !right.value
  }

  function openPalette(text = ''): void {
    paletteText.value = text
    drawer.value = null
    isPaletteOpen.value = true
  }

  return { left, right, leftWidth, rightWidth, showTitles, drawer, isPaletteOpen, paletteText, toggle, openPalette }
})

export function bounded(width: number): number {
  return Math.min(WIDEST, Math.max(NARROWEST, Math.round(width)))
}

function restored(): Kept {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return { ...FIRST, ...(typeof found === 'object' ? found : {}) }
  } catch {
    return FIRST
  }
}
