/** Which rows of a long list are to be seen. */
import { computed, onBeforeUnmount, onMounted, ref } from 'vue'
import type { Ref } from 'vue'

const BESIDE = 8

/** How far a box is scrolled, and how high it is. */
function useSeen(box: Readonly<Ref<HTMLElement | null>>) {
  const top = ref(0)
  const seen = ref(800)
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

  return { top, seen, scrolled }
}

/** Of rows that are all of one height. */
export function useVirtualRows(count: () => number, height: () => number, box: Readonly<Ref<HTMLElement | null>>) {
  const { top, seen, scrolled } = useSeen(box)
  const range = computed(() => rangeOf(top.value, seen.value, height(), count()))
  const total = computed(() => count() * height())

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

/** Of rows that have heights of their own. */
export function useVirtualHeights(heights: () => number[], box: Readonly<Ref<HTMLElement | null>>) {
  const { top, seen } = useSeen(box)
  /** Where each begins, and where the last one ends. */
  const starts = computed(() => {
    const all = [0]
    for (const height of heights()) all.push((all.at(-1) ?? 0) + height)
    return all
  })
  const range = computed(() => rangeIn(starts.value, top.value, seen.value))
  const before = computed(() => starts.value[range.value.from] ?? 0)
  const after = computed(() => (starts.value.at(-1) ?? 0) - (starts.value[range.value.to] ?? 0))
  return { range, before, after }
}

export function rangeIn(starts: number[], top: number, seen: number): { from: number; to: number } {
  const count = starts.length - 1
  return { from: Math.max(0, Math.min(count, firstAfter(starts, top) - 1 - BESIDE)), to: Math.min(count, firstAfter(starts, top + seen) + BESIDE) }
}

/** The first that begins behind a place. */
function firstAfter(starts: number[], place: number): number {
  let [low, high] = [0, starts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) > place) high = middle
    else low = middle + 1
  }
  return low
}
