/** An answer to a question, carried out: what it throws is shown in words, and the question stays. */
import { ref } from 'vue'

import { sentence } from '@/api/failure'

export function useAnswering(done: () => void) {
  const refusal = ref('')
  const isBusy = ref(false)

  async function carryOut(work: () => Promise<void>): Promise<void> {
    isBusy.value = true
    try {
      await work()
      done()
    } catch (cause) {
      refusal.value = sentence(cause)
    } finally {
      isBusy.value = false
    }
  }

  return { refusal, isBusy, carryOut }
}
