/** What held the page. */
import type { Page } from '@playwright/test'

/** How long tasks took that held the page for more than 50 ms, in ms, while something was done. */
export async function longTasks(page: Page, act: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    const seen: number[] = []
    const observer = new PerformanceObserver((list) => seen.push(...list.getEntries().map((entry) => Math.round(entry.duration))))
    observer.observe({ type: 'longtask' })
    Object.assign(globalThis, { longTasks: { seen, observer } })
  })
  await act()
  await page.waitForTimeout(500)
  return page.evaluate(() => {
    const { seen, observer } = (globalThis as unknown as { longTasks: { seen: number[]; observer: PerformanceObserver } }).longTasks
    observer.disconnect()
    return seen
  })
}
