/** Light, dark, or as the system says. Kept in the browser too, so that the first paint has it already. */
import { ref } from 'vue'

export type Theme = 'system' | 'light' | 'dark'

const KEY = 'codex-theme'

export const theme = ref<Theme>('system')

export function applyTheme(chosen: Theme): void {
  theme.value = chosen
  if (chosen === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = chosen
  try {
    localStorage.setItem(KEY, chosen)
  } catch {
    // Storage that is full or forbidden: the account has it.
  }
}

export function restoreTheme(): void {
  let kept: string | null = null
  try {
    kept = localStorage.getItem(KEY)
  } catch {
    // As above.
  }
  applyTheme(kept === 'light' || kept === 'dark' ? kept : 'system')
}

/** Whether what is shown is dark. */
export function isDark(): boolean {
  return theme.value === 'dark' || (theme.value === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
}
