/** Which rows of a long list are to be seen, where all are of one height. */
import { computed, onBeforeUnmount, onMounted, ref } from 'vue'
import type { Ref } from 'vue'

const BESIDE = 8

export function useVirtualRows(count: () => number, height: () => number, box: Readonly<Ref<HTMLElement | null>>) {
  const top = ref(0)
  const seen = ref(800)
  const range = computed(() => rangeOf(top.value, seen.value, height(), count()))
  const total = computed(() => count() * height())
  let observer: ResizeObserver | undefined

  function scrolled(): void {
    top.value = box.value?.scrollTop ?? 0
  }

  onMounted(() => {
    const element = box.value
    if (!element) return
    element.addEventListener('scroll', scrolled, { passive: true })
    observer = new ResizeObserver(() => (seen.value = element.clientHeight))
    observer.observe(element)
  })
  onBeforeUnmount(() => observer?.disconnect())

  /** Scrolls as little as it takes. */
  function show(index: number): void {
    const element = box.value
    if (!element) return
    const from = index * height()
    if (from < element.scrollTop) element.scrollTop = from
    else if (from + height() > element.scrollTop + element.clientHeight) element.scrollTop = from + height() - element.clientHeight
    scrolled()
  }

  return { range, total, show }
}

export function rangeOf(top: number, seen: number, height: number, count: number): { from: number; to: number } {
  const from = Math.max(0, Math.floor(top / height) - BESIDE)
  const to = Math.min(count, Math.ceil((top + seen) / height) + BESIDE)
  return { from: Math.min(from, count), to: Math.max(to, 0) }
}
