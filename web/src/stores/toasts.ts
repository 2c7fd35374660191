/** Short messages at the edge of the page: what was done, with a way back, or what failed and what to do. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { sentence } from '@/api/failure'

export interface Toast {
  id: number
  kind: 'done' | 'failed' | 'note'
  title: string
  detail?: string
  action?: { label: string; run: () => void | Promise<void> }
}

const LASTS_MS = { done: 6000, note: 6000, failed: 12_000 }
const WITH_ACTION_MS = 12_000

export const useToasts = defineStore('toasts', () => {
  const toasts = ref<Toast[]>([])
  let last = 0

  function show(toast: Omit<Toast, 'id'>): number {
    const id = ++last
    toasts.value = [...toasts.value.slice(-3), { ...toast, id }]
    setTimeout(() => dismiss(id), toast.action ? WITH_ACTION_MS : LASTS_MS[toast.kind])
    return id
  }

  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }

  function done(title: string, action?: Toast['action']): void {
    show({ kind: 'done', title, ...(action ? { action } : {}) })
  }

  function failed(title: string, cause: unknown): void {
    show({ kind: 'failed', title, detail: sentence(cause) })
  }

  return { toasts, show, dismiss, done, failed }
})
