/** What a table is sorted by, as clicks on its head say. */
import { ref } from 'vue'
import type { Ref } from 'vue'

export interface Order<K> {
  key: K
  isDown: boolean
}

export function useOrder<K extends string | number>() {
  const order = ref(null) as Ref<Order<K> | null>

  /** Up, down, and as it was. */
  function turn(key: K): void {
    const now = order.value
    if (now?.key !== key) order.value = { key, isDown: false }
    else order.value = now.isDown ? null : { key, isDown: true }
  }

  function directionOf(key: K): 'ascending' | 'descending' | 'none' {
    if (order.value?.key !== key) return 'none'
    return order.value.isDown ? 'descending' : 'ascending'
  }

  return { order, turn, directionOf }
}
