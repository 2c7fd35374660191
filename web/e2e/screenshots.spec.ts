/** Pictures of the main screens, of the sample that `cdx demo` makes: `make screenshots`. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'

import { CDX } from './support/server'

const into = process.env.CODEX_SCREENSHOTS
// Of tests that are asked for by name alone.
test.skip(into === undefined, 'CODEX_SCREENSHOTS names the folder for them')
test.describe.configure({ mode: 'serial', timeout: 180_000 })

let folder = ''
let url = ''
let password = ''

test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'codex-shots-'))
  const said = execFileSync(CDX, ['demo', 'demo'], { cwd: folder, encoding: 'utf8' })
  url = /http:\/\/[\d.]+:\d+/.exec(said)?.[0] ?? ''
  password = said.split('\n').find((line) => line.includes('http://'))?.trim().split(' ').at(-1) ?? ''
  mkdirSync(into ?? '', { recursive: true })
})

test.afterAll(() => {
  execFileSync(CDX, ['demo', '--stop', 'demo'], { cwd: folder })
  rmSync(folder, { recursive: true, force: true })
})

async function signIn(page: Page): Promise<void> {
  await page.goto(url)
  await page.getByLabel('User name').fill('ada')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
}

for (const theme of ['light', 'dark'] as const) {
  for (const [size, viewport] of [['desktop', { width: 1440, height: 900 }], ['phone', { width: 390, height: 844 }]] as const) {
    test(`${size} ${theme}`, async ({ browser }) => {
      const context = await browser.newContext({ viewport, colorScheme: theme, deviceScaleFactor: size === 'phone' ? 2 : 1, hasTouch: size === 'phone', isMobile: size === 'phone' })
      const page = await context.newPage()
      const shoot = async (name: string) => {
        await page.waitForTimeout(700)
        await page.screenshot({ path: join(into ?? '', `${name}-${size}-${theme}.png`) })
      }
      await page.goto(url)
      await expect(page.getByRole('heading', { name: 'Sign in to Codex' })).toBeVisible()
      await shoot('sign-in')
      await signIn(page)
      await expect(page.getByRole('heading', { name: 'Changed last' })).toBeVisible()
      await page.goto(`${url}/w/demo/lab/plan.md`)
      await expect(page.locator('.cm-content')).toBeVisible()
      await shoot('note')
      await page.goto(`${url}/w/demo`)
      await expect(page.getByRole('heading', { name: 'Changed last' })).toBeVisible()
      await shoot('start')
      await page.getByRole('button', { name: /Search or do anything/ }).click()
      await page.getByRole('combobox').fill('learning')
      await expect(page.getByRole('option').first()).toBeVisible()
      await shoot('palette')
      await page.keyboard.press('Escape')
      await page.goto(`${url}/w/demo/-/search?q=${encodeURIComponent('tag:experiment loss<0.05')}`)
      await expect(page.getByText(/notes$/).first()).toBeVisible()
      await shoot('search')
      for (const view of ['best', 'calendar', 'dashboard', 'gallery', 'todo']) {
        await page.goto(`${url}/w/demo/lab/${view}.cdx`)
        await expect(page.getByRole('heading', { level: 2 }).first()).toBeVisible()
        await shoot(view)
      }
      await page.goto(`${url}/w/demo/lab/data`)
      await expect(page.getByRole('main').getByRole('link').first()).toBeVisible()
      await shoot('folder')
      for (const place of ['history/lab', 'history/lab/plan.md', 'settings/members', 'settings/mounts', 'settings/account']) {
        await page.goto(`${url}/w/demo/-/${place}`)
        await expect(page.getByRole('heading').first()).toBeVisible()
        await shoot(place.replace('history/lab/plan.md', 'versions').replace(/\/lab$/, '').replace('/', '-'))
      }
      if (size === 'phone') {
        await page.getByRole('button', { name: 'Show or hide the tree' }).click()
        await shoot('tree')
        await page.keyboard.press('Escape')
      }
      await context.close()
    })
  }
}
