import { expect, test } from './support/lab'

const FILES = {
  'plan.md': '---\ntitle: Plan of leaves\ntags: [plan/long]\n---\n# Plan of leaves\n\nFirst the chlorophyll is measured.\n\n## Far below\n\nText.\n',
  'runs/one.md': '# Run one\n\nSee [[plan]].\n',
}

test('the palette finds notes, words, tags and actions', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(lab.notebook)
  const box = page.getByRole('combobox', { name: 'Search or do anything' })
  const call = async (text: string) => {
    await page.keyboard.press('ControlOrMeta+k')
    await box.fill(text)
  }
  await call('chlorophyll')
  const hit = page.getByRole('option').filter({ hasText: 'is measured' }).first()
  await expect(hit.locator('mark')).toHaveText('chlorophyll')
  await lab.isAccessible()
  await page.keyboard.press('Escape')
  await call('plan of leaves')
  await expect(page.getByRole('option', { name: /^Plan of leaves/ }).first()).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(lab.editor).toContainText('First the chlorophyll')
  await call('#long')
  await page.getByRole('option', { name: 'plan/long' }).click()
  await expect(page.getByText(/Plan of leaves/).first()).toBeVisible()
  await call('>dark')
  await page.keyboard.press('Enter')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await lab.isAccessible()
  await call('>light')
  await page.keyboard.press('Enter')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
})

test('addresses lead to notes, headings, folders and searches; what is missing is said', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('plan.md', '#far-below')
  await expect(page.locator('.cm-line').filter({ hasText: 'Far below' })).toBeInViewport()
  await lab.open('runs')
  await expect(page.getByRole('main').getByRole('link', { name: /Run one/ })).toBeVisible()
  await lab.isAccessible()
  await lab.open('nothing.md')
  await expect(page.getByRole('heading', { name: 'There is no nothing.md' })).toBeVisible()
  await page.goto(`${lab.url}/w/lab/-/search?q=chlorophyll`)
  await expect(page.getByRole('main').getByRole('link', { name: /Plan of leaves/ }).first()).toBeVisible()
  await page.goto(`${lab.url}/w/lab/-/search?q=${encodeURIComponent('loss<')}`)
  await expect(page.getByRole('alert')).toBeVisible()
  await page.goto(`${lab.url}/w/nobodys`)
  await expect(page.getByRole('heading', { name: 'The workspace could not be opened' })).toBeVisible()
})

test('a start page lists notebooks, and a new notebook is made from it', async ({ lab, page }) => {
  await lab.begin(FILES)
  await page.goto(`${lab.url}/w/lab`)
  await expect(page.getByRole('heading', { level: 1, name: 'lab' })).toBeVisible()
  await lab.isAccessible()
  await page.getByRole('button', { name: 'New notebook' }).click()
  const name = `made ${lab.notebook}`
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Make notebook' }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
  await expect(page.getByText('Nothing is in here yet')).toBeVisible()
})
