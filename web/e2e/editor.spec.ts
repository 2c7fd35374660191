import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'

import { expect, test } from './support/lab'

const PLAN = '---\ntitle: Plan # of mine\ntags: [a]\ndone: false\ncount: 3\ndue: 2026-10-28\n---\n# Plan\n\nOne line.\n\nLast line.\n'

test('what is typed is in the file, and nothing else of it is touched', async ({ lab, page }) => {
  await lab.begin({ 'plan.md': PLAN, 'crlf.md': 'a\r\nb\r\n', 'mixed.md': 'a\r\nb\nc' })
  await lab.open('plan.md')
  await lab.editor.click()
  await page.keyboard.press('ControlOrMeta+End')
  await page.keyboard.type('Typed.')
  await lab.says('plan.md', `${PLAN}Typed.`)
  await expect(page.getByText('Saved', { exact: true })).toBeVisible()
  for (const [path, before] of [['crlf.md', 'a\r\nb\r\n'], ['mixed.md', 'a\r\nb\nc']] as const) {
    await lab.open(path)
    await lab.editor.click()
    await page.keyboard.press('ControlOrMeta+End')
    await page.keyboard.type('x')
    await lab.says(path, `${before}x`)
  }
})

test('who types and leaves at once loses nothing', async ({ lab, page }) => {
  await lab.begin({ 'a.md': 'Text\n', 'b.md': 'Other\n' })
  await lab.open('a.md')
  await lab.editor.click()
  await page.keyboard.press('ControlOrMeta+End')
  await page.keyboard.type('more')
  await (await lab.row('b.md')).click()
  await expect(lab.editor).toContainText('Other')
  await lab.says('a.md', 'Text\nmore')
})

test('properties are edited as what they are, in the same bytes', async ({ lab, page }) => {
  await lab.begin({ 'plan.md': PLAN })
  await lab.open('plan.md')
  const panel = await lab.panel()
  await panel.getByLabel('done').check()
  await lab.says('plan.md', PLAN.replace('done: false', 'done: true'))
  await panel.getByLabel('count').fill('4.5')
  await panel.getByLabel('count').press('Enter')
  await panel.getByRole('textbox', { name: 'tags' }).or(panel.getByRole('combobox', { name: 'tags' })).fill('b')
  await page.keyboard.press('Enter')
  const edited = PLAN.replace('done: false', 'done: true').replace('count: 3', 'count: 4.5').replace('[a]', '[a, b]')
  await lab.says('plan.md', edited)
  await panel.getByRole('button', { name: 'Add property' }).click()
  await panel.getByLabel('Name of the property').fill('status')
  await panel.getByRole('button', { name: 'Add', exact: true }).click()
  await panel.getByLabel('status').fill('doing')
  await panel.getByLabel('status').press('Enter')
  await lab.says('plan.md', edited.replace('due: 2026-10-28\n', 'due: 2026-10-28\nstatus: doing\n'))
  await lab.isAccessible()
})

test('sed in the mount changes the open page, and the cursor stays where it was', async ({ lab, page }) => {
  await lab.begin({ 'plan.md': PLAN })
  await lab.open('plan.md')
  await lab.editor.click()
  await page.keyboard.press('ControlOrMeta+End')
  execFileSync('sed', ['-i', 's/One line/One line, by sed/', lab.mounted('plan.md')])
  await expect(lab.editor).toContainText('One line, by sed', { timeout: 2000 })
  await page.keyboard.type('And typed on.')
  await lab.says('plan.md', `${PLAN.replace('One line', 'One line, by sed')}And typed on.`)
})

test('changes of other lines are put together; of the same lines, both texts are kept and somebody decides', async ({ lab, page }) => {
  await lab.begin({ 'plan.md': PLAN })
  await lab.open('plan.md')
  await lab.editor.click()
  await page.keyboard.press('ControlOrMeta+End')
  await page.keyboard.type('Mine')
  execFileSync('sed', ['-i', 's/One line/Theirs/', lab.mounted('plan.md')])
  await lab.says('plan.md', `${PLAN.replace('One line', 'Theirs')}Mine`)
  // The same line, while the page cannot hear of it.
  await page.context().setOffline(true)
  await page.keyboard.type(' again')
  await expect(page.getByRole('alert')).toContainText('Your text is kept')
  execFileSync('sed', ['-i', 's/Mine/Yours/', lab.mounted('plan.md')])
  await page.context().setOffline(false)
  await page.getByRole('button', { name: 'Compare and merge' }).click({ timeout: 15_000 })
  const dialog = page.getByRole('dialog', { name: 'Two changes of the same lines' })
  await expect(dialog).toContainText('Mine again')
  await expect(dialog).toContainText('Yours')
  await lab.isAccessible()
  await dialog.getByRole('button', { name: 'Keep both' }).click()
  await dialog.getByRole('button', { name: 'Save the result' }).click()
  await lab.says('plan.md', `${PLAN.replace('One line', 'Theirs')}Mine again\nYours`)
})

test('text that was never saved is offered back after the tab has gone', async ({ lab, page, context }) => {
  await lab.begin({ 'plan.md': PLAN })
  await lab.open('plan.md')
  await lab.editor.click()
  await context.setOffline(true)
  await page.keyboard.press('ControlOrMeta+End')
  await page.keyboard.type('Never saved.')
  await expect(page.getByRole('alert')).toContainText('Your text is kept')
  await page.close({ runBeforeUnload: false })
  await context.setOffline(false)
  expect(lab.read('plan.md')).toBe(PLAN)
  const again = await context.newPage()
  await again.goto(`${lab.url}/w/lab/${lab.notebook}/plan.md`)
  await again.getByRole('button', { name: 'Restore it' }).click()
  await lab.says('plan.md', `${PLAN}Never saved.`)
})

test('a note that is deleted under the cursor keeps its text, and is saved again', async ({ lab, page }) => {
  await lab.begin({ 'plan.md': PLAN })
  await lab.open('plan.md')
  await lab.editor.click()
  rmSync(lab.mounted('plan.md'))
  await expect(page.getByRole('alert')).toContainText('no longer there')
  await page.getByRole('button', { name: 'Save it again' }).click()
  await lab.says('plan.md', PLAN)
  await expect(lab.editor).toContainText('Last line')
})

test('links complete, are followed, and lead back', async ({ lab, page }) => {
  await lab.begin({ 'plan.md': '# Plan\n\nSee [[other]] for more.\n', 'other.md': '# The other note\n' })
  await lab.open('other.md')
  const panel = await lab.panel()
  await expect(panel.getByRole('link', { name: 'plan' })).toBeVisible()
  await panel.getByRole('link', { name: 'plan' }).click()
  await expect(lab.editor).toContainText('for more')
  await page.locator('.cm-link', { hasText: 'other' }).click()
  await expect(lab.editor).toContainText('The other note')
  await lab.editor.click()
  await page.keyboard.press('ControlOrMeta+End')
  await page.keyboard.type('[[pla')
  await expect(page.locator('.cm-tooltip-autocomplete')).toContainText('plan.md')
  // A list that has just appeared takes no key yet.
  await page.waitForTimeout(150)
  await page.keyboard.press('Enter')
  await lab.says('other.md', '# The other note\n[[plan]]')
})

test('Markdown reads as it means: in the editor, and as a page', async ({ lab, page }) => {
  const text = [
    '# Heading', '', 'Some **bold** text, `code`, $x^2$ and [a link](https://example.org).', '', '- [ ] a task', '- [x] done', '',
    '| a | b |', '|---|--:|', '| 1 | 2 |', '', '```python', 'def f(): return 1', '```', '', '```mermaid', 'graph TD; A-->B', '```', '',
    '![](pixel.png)', '', '![far](https://example.org/far.png)', '',
  ].join('\n')
  const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
  await lab.begin({ 'note.md': text, 'pixel.png': pixel })
  await lab.open('note.md')
  await expect(page.locator('.cm-table table')).toBeVisible()
  await expect(page.locator('.cm-formula .katex')).toBeVisible()
  await expect(page.locator('.cm-diagram svg')).toBeVisible({ timeout: 15_000 })
  await expect(page.locator('.cm-picture img')).toHaveJSProperty('naturalWidth', 1)
  await expect(lab.editor).toContainText('not loaded: https://example.org/far.png')
  await page.locator('.cm-task').first().click()
  await lab.says('note.md', text.replace('[ ] a task', '[x] a task'))
  await page.getByRole('button', { name: 'Read', exact: true }).click()
  const article = page.getByRole('article')
  await expect(article.locator('table')).toBeVisible()
  await expect(article.locator('.katex').first()).toBeVisible()
  await expect(article.locator('pre .tok-keyword').first()).toHaveText('def')
  await expect(article.locator('.diagram svg')).toBeVisible({ timeout: 15_000 })
  await lab.isAccessible()
  await page.getByRole('button', { name: 'Write', exact: true }).click()
  await expect(lab.editor).toBeVisible()
})
