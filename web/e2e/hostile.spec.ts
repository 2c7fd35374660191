import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from './support/lab'
import { PASSWORD, cdx, end, makeWorkspace, remove, serve } from './support/server'
import { longTasks } from './support/tasks'

const HOSTILE = [
  '# Hostile <script>window.ran = 1</script>', '<img src=x onerror="window.ran = 2">', '[a](javascript:window.ran=3)', '<a href="javascript:window.ran=4">b</a>',
  '<svg onload="window.ran = 5"><script>window.ran = 6</script></svg>', '<iframe srcdoc="<script>parent.ran = 7</script>"></iframe>',
  '```mermaid\ngraph TD; A["<img src=x onerror=window.ran=8>"]; click A "javascript:window.ran=9"\n```', '$\\href{javascript:window.ran=10}{x}$',
  '[[x"onmouseover="window.ran=11]]', '<details open ontoggle="window.ran = 12">d</details>', '![p](https://evil.example/beacon.png)', '<div style="position:fixed;inset:0">over</div>',
].join('\n\n')

test('nothing that a note brings runs, and nothing of other sites is fetched', async ({ lab, page }) => {
  const foreign: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(lab.url) && !/^(data|blob):/.test(request.url())) foreign.push(request.url())
  })
  await lab.begin({ 'bad.md': HOSTILE, 'bad.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="parent.ran=13"><script>parent.ran=14</script></svg>', 'bad.html': '<script>parent.ran=15</script>' })
  await lab.open('bad.md')
  await expect(lab.editor).toContainText('Hostile')
  await page.getByRole('button', { name: 'Read', exact: true }).click()
  await expect(page.getByRole('article')).toContainText('Hostile')
  await page.waitForTimeout(1500)
  for (const link of await page.getByRole('article').getByRole('link').all()) expect(await link.getAttribute('href')).not.toMatch(/^javascript/i)
  await page.getByRole('button', { name: 'Write', exact: true }).click()
  for (const path of ['bad.svg', 'bad.html']) {
    await lab.open(path)
    await expect(page.getByRole('heading', { level: 1, name: path })).toBeVisible()
  }
  expect(await page.evaluate(() => (globalThis as { ran?: number }).ran)).toBeUndefined()
  expect(foreign).toEqual([])
})

test('a head that is no YAML, a line of a megabyte and an empty note are opened, edited and saved', async ({ lab, page }) => {
  const broken = '---\ntitle: [1\n---\nText\n'
  const long = 'a'.repeat(1_000_000)
  await lab.begin({ 'broken.md': broken, 'long.md': long, 'empty.md': '' })
  await lab.open('broken.md')
  await expect(await lab.panel()).toContainText('cannot be read')
  await lab.open('broken.md')
  await lab.editor.click()
  await page.keyboard.press('ControlOrMeta+End')
  await page.keyboard.type('x')
  await lab.says('broken.md', `${broken}x`)
  await lab.open('long.md')
  await lab.editor.click()
  await page.keyboard.press('ControlOrMeta+Home')
  await page.keyboard.type('b')
  await lab.says('long.md', `b${long}`)
  await lab.open('empty.md')
  await lab.editor.click()
  await page.keyboard.type('c')
  await lab.says('empty.md', 'c')
})

test('ten megabytes of one line open, are edited and saved, and the page says how they are shown', async ({ lab, page }) => {
  test.setTimeout(90_000)
  const long = 'word '.repeat(2_000_000)
  await lab.begin({ 'long.md': long, 'a.md': 'a\n' })
  await lab.open('a.md')
  await expect(lab.editor).toContainText('a')
  const opening = await longTasks(page, async () => {
    await (await lab.row('long.md')).click()
    await expect(page.getByText('without colours and preview')).toBeVisible({ timeout: 20_000 })
    await expect(lab.editor).toContainText('word word', { timeout: 20_000 })
  })
  expect(Math.max(0, ...opening), 'the longest task while it opens, ms').toBeLessThan(1000)
  await lab.editor.click()
  await page.keyboard.press('ControlOrMeta+Home')
  const typing = await longTasks(page, async () => {
    await page.keyboard.type('begun ', { delay: 60 })
    await expect(page.getByText('Saved', { exact: true })).toBeVisible({ timeout: 30_000 })
  })
  expect(Math.max(0, ...typing), 'the longest task while somebody types, ms').toBeLessThan(1000)
  await expect.poll(() => lab.read('long.md') === `begun ${long}`, { timeout: 30_000 }).toBe(true)
})

test('of five thousand pictures only those to be seen are fetched', async ({ lab, page }) => {
  const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
  const note = Array.from({ length: 5000 }, (_, n) => `![picture ${n}](p/${n % 50}.png?${n})\n\nWords between pictures.`).join('\n\n')
  await lab.begin({ 'many.md': note, 'a.md': 'a\n', ...Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`p/${n}.png`, pixel])) })
  let fetched = 0
  page.on('request', (request) => {
    if (request.resourceType() === 'image' && request.url().includes('/files/')) fetched++
  })
  await lab.open('a.md')
  await expect(lab.editor).toContainText('a')
  const tasks = await longTasks(page, async () => {
    await (await lab.row('many.md')).click()
    await expect(lab.editor).toContainText('Words between')
    await page.getByRole('button', { name: 'Read', exact: true }).click()
    await expect(page.getByRole('article').locator('img')).toHaveCount(5000)
  })
  await page.waitForTimeout(1000)
  expect(fetched).toBeLessThan(400)
  expect(Math.max(0, ...tasks), 'the longest task, ms').toBeLessThan(1500)
})

test('a view that cannot be read says why, and one that asks for a million rows stays usable', async ({ lab, page }) => {
  const head = '---\ntype: view\nview_type: table\n'
  const notes = Object.fromEntries(Array.from({ length: 1500 }, (_, n) => [`n/${n}.md`, `---\ntags: [${lab.notebook}]\n---\n`]))
  await lab.begin({ 'bad.cdx': `${head}query: [\n---\n`, 'wrong.cdx': `${head}query:\n  limit: many\n---\n`, 'none.cdx': 'no head at all', 'million.cdx': `${head}query:\n  tags: [${lab.notebook}]\n  limit: 1000000\n---\n`, ...notes })
  for (const [path, said] of [['bad.cdx', /no view yet/], ['wrong.cdx', /limit/i], ['none.cdx', /no view yet|view/]] as const) {
    await lab.open(path)
    await expect(page.getByRole('alert').filter({ hasText: said })).toBeVisible()
  }
  await lab.open('million.cdx')
  await expect(page.getByRole('alert').filter({ hasText: /limit/i }).or(page.getByText(/1,?500 notes/)).first()).toBeVisible({ timeout: 15_000 })
  expect(await page.locator('tr').count(), 'rows in the page').toBeLessThan(600)
})

test('what is typed while the server is away is saved when it is back', async ({ page }) => {
  const made = makeWorkspace({ 'notes/a.md': 'Begun.\n' })
  cdx(made.home, ['user', 'add', 'ada'], `${PASSWORD}\n`)
  let served = await serve({ home: made.home })
  const { url } = served
  try {
    await page.context().clearCookies()
    await page.goto(`${url}/w/lab/notes/a.md`)
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('.cm-content').click()
    await page.keyboard.press('ControlOrMeta+End')
    await end(served.child)
    await page.keyboard.type('Typed while it was away.')
    await expect(page.getByRole('alert')).toContainText('Your text is kept')
    await expect(page.locator('.offline')).toBeVisible({ timeout: 10_000 })
    served = await serve({ home: made.home }, new URL(url).host)
    await page.keyboard.type(' And after.')
    await expect(page.getByText('Saved', { exact: true })).toBeVisible({ timeout: 20_000 })
    const kept = readFileSync(join(made.store, 'notes/a.md'), 'utf8')
    expect(kept).toBe('Begun.\nTyped while it was away. And after.')
  } finally {
    await end(served.child)
    remove(made.folder)
  }
})

test('two tabs on one note: each has what the other typed, and of the same line both texts are kept', async ({ lab, page, context }) => {
  await lab.begin({ 'a.md': 'First line.\n\nMiddle.\n\nLast line.\n' })
  await lab.open('a.md')
  const other = await context.newPage()
  await other.goto(page.url())
  await page.bringToFront()
  await lab.editor.click()
  await page.keyboard.press('ControlOrMeta+End')
  await page.keyboard.type('From the first tab.')
  await lab.says('a.md', /From the first tab\.$/)
  await expect(other.locator('.cm-content')).toContainText('From the first tab.')
  await other.bringToFront()
  await other.locator('.cm-content').click()
  await other.keyboard.press('ControlOrMeta+Home')
  await other.keyboard.type('From the second tab. ')
  await lab.says('a.md', 'From the second tab. First line.\n\nMiddle.\n\nLast line.\nFrom the first tab.')
  await expect(lab.editor).toContainText('From the second tab.')
  // Both at once, in one line.
  const at = (tab: typeof page, text: string) => tab.locator('.cm-line', { hasText: 'Middle' }).click().then(() => tab.keyboard.press('End')).then(() => tab.keyboard.type(text))
  await at(page, ' one')
  await at(other, ' two')
  await page.waitForTimeout(3000)
  const kept = lab.read('a.md')
  const shown = `${await lab.editor.innerText()}${await other.locator('.cm-content').innerText()}`
  for (const text of [' one', ' two']) expect(kept + shown).toContain(text)
  const isWhole = kept.includes(' one') && kept.includes(' two')
  const alerts = (await page.getByRole('alert').count()) + (await other.getByRole('alert').count())
  if (!isWhole) expect(alerts, 'the page says what is the matter').toBeGreaterThan(0)
  await other.close({ runBeforeUnload: false })
})
