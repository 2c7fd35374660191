/** How a file is shown; remembered for the next one of its kind. */
import { computed, ref } from 'vue'
import type { Ref } from 'vue'

import type { Kind } from '@/lib/kinds'

export type Mode = 'live' | 'source' | 'split' | 'read'

const KEY = 'codex-mode'

/** The first one is how a kind is shown until somebody chooses. */
const OFFERED: Partial<Record<Kind, Mode[]>> = {
  note: ['live', 'source', 'split', 'read'],
  view: ['read', 'source', 'split'],
  table: ['read', 'source'],
  tree: ['read', 'source'],
}

const chosen = ref<Partial<Record<Kind, Mode>>>(restored())

function restored(): Partial<Record<Kind, Mode>> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return typeof kept === 'object' && kept !== null ? kept : {}
  } catch {
    return {}
  }
}

export function modesOf(kind: Kind): Mode[] {
  return OFFERED[kind] ?? ['source']
}

export function useMode(kind: Ref<Kind>) {
  return computed({
    get: () => {
      const modes = modesOf(kind.value)
      return modes.find((mode) => mode === chosen.value[kind.value]) ?? modes[0] ?? 'source'
    },
    set: (next: Mode) => {
      chosen.value = { ...chosen.value, [kind.value]: next }
      try {
        localStorage.setItem(KEY, JSON.stringify(chosen.value))
      } catch {
        // It lasts as long as the page.
      }
    },
  })
}
