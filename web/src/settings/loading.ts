/** A list that a page of settings shows: read at first and after each change, with what went wrong in words. */
import { onMounted, ref, shallowRef } from 'vue'

import { sentence } from '@/api/failure'
import { useToasts } from '@/stores/toasts'

export function useLoaded<T>(load: () => Promise<T>) {
  const loaded = shallowRef<T | null>(null)
  const fault = ref('')
  const isBusy = ref(false)
  const toasts = useToasts()

  async function again(): Promise<void> {
    try {
      loaded.value = await load()
      fault.value = ''
    } catch (cause) {
      fault.value = sentence(cause)
    }
  }

  /** Does something and reads the list again; whether it was done. */
  async function change(work: () => Promise<unknown>, done: string, failed: string): Promise<boolean> {
    isBusy.value = true
    try {
      await work()
      toasts.done(done)
      return true
    } catch (cause) {
      toasts.failed(failed, cause)
      return false
    } finally {
      isBusy.value = false
      await again()
    }
  }

  onMounted(() => void again())
  return { loaded, fault, isBusy, again, change }
}
