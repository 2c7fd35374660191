/** What each test begins with: a page that is signed in, and a notebook that is its own. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import AxeBuilder from '@axe-core/playwright'
import { test as base, expect } from '@playwright/test'
import type { APIRequestContext, Locator, Page } from '@playwright/test'

export { expect }

let count = 0

export class Lab {
  readonly notebook: string

  constructor(
    readonly page: Page,
    readonly api: APIRequestContext,
    readonly isPhone: boolean,
  ) {
    this.notebook = `nb${process.pid}x${++count}`
  }

  get url(): string {
    return process.env.CODEX_URL ?? ''
  }

  /** Makes the notebook, with files that are written before it is indexed. */
  async begin(files: Record<string, string | Buffer> = {}): Promise<void> {
    for (const [path, content] of Object.entries(files)) this.write(path, content, process.env.CODEX_STORE)
    mkdirSync(join(process.env.CODEX_STORE ?? '', this.notebook), { recursive: true })
    const body = { name: this.notebook, adopt: this.notebook }
    const made = await this.api.post(`${this.url}/api/v1/workspaces/lab/notebooks`, { data: body, headers: this.own() })
    expect(made.status(), await made.text()).toBe(201)
    await expect.poll(async () => {
      const status = await this.api.get(`${this.url}/api/v1/workspaces/lab/notebooks/${this.notebook}/indexing-status`)
      return ((await status.json()) as { status: string }).status
    }).toBe('completed')
  }

  own(): Record<string, string> {
    return { Origin: this.url }
  }

  /** Writes through the mount, as an editor does. */
  write(path: string, content: string | Buffer, below = process.env.CODEX_MOUNT): void {
    const at = join(below ?? '', this.notebook, path)
    mkdirSync(dirname(at), { recursive: true })
    writeFileSync(at, content)
  }

  /** A path in the mount. */
  mounted(path: string): string {
    return join(process.env.CODEX_MOUNT ?? '', this.notebook, path)
  }

  read(path: string): string {
    return readFileSync(this.mounted(path), 'utf8')
  }

  /** Waits until the file says so. */
  async says(path: string, text: string | RegExp): Promise<void> {
    await expect.poll(() => {
      try {
        return this.read(path)
      } catch {
        return '(not there)'
      }
    }, { timeout: 10_000 }).toEqual(typeof text === 'string' ? text : expect.stringMatching(text))
  }

  async open(path = '', hash = ''): Promise<void> {
    const parts = path === '' ? '' : `/${path.split('/').map(encodeURIComponent).join('/')}`
    await this.page.goto(`${this.url}/w/lab/${this.notebook}${parts}${hash}`)
  }

  get editor(): Locator {
    return this.page.locator('.cm-content')
  }

  /** The pane with the tree: on a phone it is a drawer. */
  async tree(): Promise<Locator> {
    // A question that is being answered hides all else.
    await expect(this.page.locator('.dialog')).toHaveCount(0)
    const tree = this.page.getByRole('tree', { name: 'Files' })
    if (this.isPhone && !(await tree.isVisible())) await this.page.getByRole('button', { name: 'Show or hide the tree' }).click()
    await expect(tree).toBeVisible()
    return tree
  }

  async row(name: string): Promise<Locator> {
    return (await this.tree()).getByRole('treeitem').filter({ hasText: name })
  }

  /** The pane with properties: on a phone it is a drawer. */
  async panel(): Promise<Locator> {
    const panel = this.isPhone ? this.page.getByRole('dialog', { name: 'About this note' }) : this.page.getByRole('complementary', { name: 'About this note' })
    if (this.isPhone && !(await panel.isVisible())) await this.page.getByRole('button', { name: 'Show or hide properties' }).click()
    await expect(panel).toBeVisible()
    return panel
  }

  toast(text: string | RegExp): Locator {
    return this.page.getByRole('region', { name: 'Messages' }).getByText(text)
  }

  /** No serious violation of the rules of accessibility, and nothing that makes the page wider than the screen. */
  async isAccessible(): Promise<void> {
    // What is fading is neither there nor gone.
    await this.page.emulateMedia({ reducedMotion: 'reduce' })
    const { violations } = await new AxeBuilder({ page: this.page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze()
    await this.page.emulateMedia({ reducedMotion: null })
    const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    expect(bad.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)).toEqual([])
    const width = await this.page.evaluate(() => document.documentElement.scrollWidth)
    expect(width, 'the page is no wider than the screen').toBeLessThanOrEqual(this.page.viewportSize()?.width ?? 0)
  }
}

export const test = base.extend<{ lab: Lab }>({
  storageState: async ({}, use) => use(process.env.CODEX_STATE),
  lab: async ({ page, request, isMobile }, use) => {
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(String(error)))
    // What the policy keeps from running is told of, also where a text is only parsed to be cleaned.
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource|WebSocket connection|Executing inline event handler violates/.test(message.text())) faults.push(message.text())
    })
    const lab = new Lab(page, request, isMobile)
    await use(lab)
    // Else the tree of the last test has a notebook of each before it.
    await request.delete(`${lab.url}/api/v1/workspaces/lab/notebooks/${lab.notebook}`, { headers: lab.own() })
    expect(faults, 'errors in the page').toEqual([])
  },
})
