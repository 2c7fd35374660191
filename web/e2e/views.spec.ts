import { expect, test } from './support/lab'

const run = (status: string, loss: number, due: string) => `---\ntags: [run]\nstatus: ${status}\nloss: ${loss}\ndue: ${due}\n---\n`
const today = new Date().toISOString().slice(0, 10)
const head = (type: string, rest = '') => `---\ntype: view\nview_type: ${type}\ntitle: My ${type}\nquery:\n  tags: [run]\n  sort: loss\n${rest}---\n`
const FILES = {
  'one.md': run('todo', 0.3, today), 'two.md': run('doing', 0.1, today), 'three.md': run('todo', 0.2, today),
  'table.cdx': head('table', 'config:\n  columns: [{id: title}, {id: loss}, {id: status}]\n'),
  'board.cdx': head('kanban', '  group_by: status\nconfig:\n  columns: [{id: todo, title: To do, filter: {status: todo}}, {id: doing, title: Doing, filter: {status: doing}}, {id: done, title: Done, filter: {status: done}}]\n  card_fields: [loss]\n'),
  'days.cdx': head('calendar', '  date_property: due\n'),
  'tasks.cdx': head('task-list'),
  'sums.cdx': head('rollup', '  group_by: status\naggregate: {loss: [min, avg], _: [count]}\n'),
  'pictures.cdx': '---\ntype: view\nview_type: gallery\nquery: "ext:png"\n---\n',
  'p.png': Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
  'broken.cdx': '---\nquery: [\n---\n',
  'wrong.cdx': '---\ntype: view\nquery: "loss<"\n---\n',
}

test('a table is sorted and edited, and follows the files', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('table.cdx')
  const rows = page.getByRole('region', { name: 'Table' }).locator('tbody tr:not([aria-hidden])')
  await expect(rows).toHaveCount(3)
  await expect(rows.first()).toContainText('two')
  await lab.isAccessible()
  await page.getByRole('button', { name: 'loss', exact: true }).click()
  await page.getByRole('button', { name: 'loss', exact: true }).click()
  await expect(rows.first()).toContainText('one')
  await page.getByRole('button', { name: /^status of two/ }).click()
  await page.getByRole('textbox', { name: 'status of two' }).fill('done')
  await page.keyboard.press('Enter')
  await lab.says('two.md', run('done', 0.1, today))
  lab.write('four.md', run('todo', 0.4, today))
  await expect(rows).toHaveCount(4, { timeout: 3000 })
})

test('cards of a board are moved by keys, and empty columns are there', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('board.cdx')
  await expect(page.getByRole('region', { name: 'Done, 0 cards' })).toBeVisible()
  await lab.isAccessible()
  await page.getByRole('region', { name: 'Doing, 1 cards' }).getByRole('link', { name: 'two' }).focus()
  await page.keyboard.press('Alt+ArrowRight')
  await expect(page.getByRole('region', { name: 'Done, 1 cards' })).toBeVisible()
  await lab.says('two.md', run('done', 0.1, today))
  await lab.isAccessible()
  await page.getByRole('region', { name: 'Messages' }).getByRole('button', { name: 'Undo' }).click()
  await lab.says('two.md', run('doing', 0.1, today))
})

test('calendar, tasks, figures and gallery show what they should', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('days.cdx')
  await expect(page.getByRole('gridcell', { name: today }).getByRole('link')).toHaveCount(3)
  await lab.isAccessible()
  await lab.open('tasks.cdx')
  await page.getByLabel('three is done').click()
  await lab.says('three.md', run('done', 0.2, today))
  await lab.isAccessible()
  await lab.open('sums.cdx')
  await expect(page.getByText('0.1', { exact: true })).toBeVisible()
  await lab.isAccessible()
  await lab.open('pictures.cdx')
  await page.getByRole('button', { name: /p.*larger/ }).click()
  await expect(page.getByRole('dialog').getByRole('img')).toBeVisible()
  await page.keyboard.press('Escape')
  await lab.isAccessible()
})

test('what is wrong with a view is said, and its text is beside it', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('broken.cdx')
  await expect(page.getByRole('alert')).toContainText('no view yet')
  await lab.open('wrong.cdx')
  await expect(page.getByRole('alert')).toBeVisible()
  await page.getByRole('button', { name: 'Source', exact: true }).click()
  await expect(lab.editor).toContainText('loss<')
})
