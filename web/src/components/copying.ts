/** Text for the clipboard, with a word about it. */
import { useToasts } from '@/stores/toasts'

export function useCopying(): (text: string, done?: string) => Promise<void> {
  const toasts = useToasts()
  return async (text, done = 'Copied') => {
    try {
      await navigator.clipboard.writeText(text)
      toasts.done(done)
    } catch (cause) {
      toasts.failed('It was not copied', cause)
    }
  }
}
