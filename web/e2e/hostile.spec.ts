import { expect, test } from './support/lab'

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
