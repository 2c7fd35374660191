import { expect } from '@playwright/test'

import { Lab, test } from './support/lab'
import { PASSWORD, cdx, end, makeWorkspace, remove, serve } from './support/server'

test.describe('somebody who is not signed in', () => {
  test.use({ storageState: { cookies: [], origins: [] } })

  test('signs in, lands where the address led, and signs out', async ({ lab, page }) => {
    await page.goto(`${lab.url}/w/lab/notes/welcome.md`)
    await expect(page.getByRole('heading', { name: 'Sign in to Codex' })).toBeVisible()
    await lab.isAccessible()
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('Password').fill('wrong password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('alert')).toBeVisible()
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(lab.editor).toContainText('The first note of the lab')
    await page.getByRole('button', { name: 'Account of ada' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await expect(page.getByRole('heading', { name: 'Sign in to Codex' })).toBeVisible()
    expect(await page.evaluate(() => document.cookie + JSON.stringify(localStorage))).not.toMatch(/eyJ|token/)
  })

  test('registers and has a workspace; a name that is taken is said beside its field', async ({ lab, page }) => {
    await page.goto(`${lab.url}/register`)
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('Email').fill('other@lab.example')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Make account' }).click()
    await expect(page.getByRole('alert')).toContainText(/taken|already/i)
    const name = `grace${Date.now()}`
    await page.getByLabel('User name').fill(name)
    await page.getByLabel('Email').fill(`${name}@lab.example`)
    await page.getByRole('button', { name: 'Make account' }).click()
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
    await expect(page.getByText('Nothing has been changed yet')).toBeVisible()
  })

  test('is the first person of a new server', async ({ page, request, isMobile }) => {
    const made = makeWorkspace({ 'notes/a.md': '# A\n' })
    const { child, url } = await serve(made)
    try {
      await page.goto(url)
      await expect(page.getByRole('heading', { name: 'Welcome to Codex' })).toBeVisible()
      await new Lab(page, request, isMobile).isAccessible()
      await page.getByLabel('User name').fill('first')
      await page.getByLabel('Email').fill('first@lab.example')
      await page.getByLabel('Password').fill(PASSWORD)
      await page.getByRole('button', { name: 'Make account' }).click()
      await expect(page.getByRole('heading', { level: 1, name: /lab|first/ })).toBeVisible()
      await page.goto(`${url}/w/lab/notes/a.md`)
      await expect(page.locator('.cm-content')).toContainText('A')
    } finally {
      await end(child, made.mount)
      remove(made.folder)
    }
  })
})

test('a session that ends while somebody types asks for the password over the page, and the text is saved', async ({ lab, page, browser }) => {
  const name = `eve${Date.now()}`
  cdx(process.env.CODEX_HOME_OF_TEST ?? '', ['user', 'add', name], `${PASSWORD}\n`)
  cdx(process.env.CODEX_HOME_OF_TEST ?? '', ['member', 'add', name, '--role', 'editor', '-w', 'lab'])
  await lab.begin({ 'a.md': 'Begun.\n' })
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] }, ...(lab.isPhone ? { viewport: { width: 390, height: 844 } } : {}) })
  const other = await context.newPage()
  try {
    await other.goto(`${lab.url}/w/lab/${lab.notebook}/a.md`)
    await other.getByLabel('User name').fill(name)
    await other.getByLabel('Password').fill(PASSWORD)
    await other.getByRole('button', { name: 'Sign in' }).click()
    await other.locator('.cm-content').click()
    await context.clearCookies()
    await other.keyboard.press('ControlOrMeta+End')
    await other.keyboard.type('Typed after the end.')
    await expect(other.getByRole('heading', { name: 'Your session has ended' })).toBeVisible()
    await other.getByLabel(`Password of ${name}`).fill(PASSWORD)
    await other.getByRole('button', { name: 'Sign in', exact: true }).click()
    await lab.says('a.md', 'Begun.\nTyped after the end.')
    await expect(other.getByText('Saved', { exact: true })).toBeVisible()
  } finally {
    await context.close()
  }
  await page.close()
})
