import { expect, test } from './support/lab'

const run = (status: string, loss: number, due: string) => `---\ntags: [run]\nstatus: ${status}\nloss: ${loss}\ndue: ${due}\n---\n`
const today = new Date().toISOString().slice(0, 10)
const head = (type: string, rest = '') => `---\ntype: view\nview_type: ${type}\ntitle: My ${type}\nquery:\n  tags: [run]\n  sort: loss\n${rest}---\n`
const FILES = {
  'one.md': run('todo', 0.3, today), 'two.md': run('doing', 0.1, today), 'three.md': run('todo', 0.2, today),
  'table.cdx': head('table', 'config:\n  columns: [{id: title}, {id: loss}, {id: status}]\n'),
  'groups.cdx': head('table', '  group_by: status\nconfig:\n  columns: [{id: title}, {id: loss}, {id: due}]  # mine\naggregate: {loss: [min, avg], _: count}\n'),
  'board.cdx': head('kanban', '  group_by: status\nconfig:\n  columns: [{id: todo, title: To do, filter: {status: todo}}, {id: doing, title: Doing, filter: {status: doing}}, {id: done, title: Done, filter: {status: done}}]\n  card_fields: [loss]\n'),
  'days.cdx': head('calendar', '  date_property: due\n'),
  'tasks.cdx': head('task-list'),
  'sums.cdx': head('rollup', '  group_by: status\naggregate: {loss: [min, avg], _: [count]}\n'),
  'pictures.cdx': '---\ntype: view\nview_type: gallery\nquery: "ext:png"\n---\n',
  'p.png': Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
  'tall.png': Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAIAAAAECAAAAACBhLHlAAAADUlEQVR4nGNoaGCAIQAYDAQBPLlW0wAAAABJRU5ErkJggg==', 'base64'),
  'old.md': '---\ntags: [month]\ndue: 2020-01-31\n---\n', 'undated.md': '---\ntags: [month]\n---\n', 'a.md': `---\ntags: [month]\ndue: ${today}\n---\n`, 'b.md': `---\ntags: [month]\ndue: ${today}\n---\n`,
  'months.cdx': '---\ntype: view\nview_type: rollup\nquery: {tags: [month], group_by: week(due)}\n---\n',
  'bars.cdx': head('chart', '  group_by: status\nconfig: {chart: bar, y: loss, function: max}\n'),
  'cork.cdx': head('corkboard', 'config: {card_fields: [loss]}\n'),
  'lanes.cdx': head('corkboard', '  group_by: status\nconfig: {layout: swimlanes}\n'),
  'dash.cdx': `---
type: view
view_type: dashboard
title: The week
config:
  layout:
    - components: [{type: mini-view, span: 8, view: table.cdx}, {span: 4, title: Open, view_type: list, query: {where: 'status:todo'}}]
    - [boards/inner.cdx, nothing.cdx, wrong.cdx]
---
`,
  'boards/inner.cdx': '---\ntype: view\nview_type: dashboard\ntitle: Inner\nconfig: {layout: [[../dash.cdx, /sums.cdx]]}\n---\n',
  'made.cdx': `---
type: view
view_type: table # for now
mine: {kept:   true}
query:
  # what ran
  tags: [run]
---
Text below.
`,
  'empty.cdx': '',
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

test('a table has groups that can be shut, and figures below its columns', async ({ lab, page }) => {
  await lab.begin({ ...FILES, 'none.md': '---\ntags: [run]\nloss: 0.27\n---\n' })
  await lab.open('groups.cdx')
  const table = page.getByRole('region', { name: 'Table' })
  const rows = table.locator('tbody tr:not([aria-hidden])')
  await expect(rows).toHaveText([/doing 1 note ?min 0.1 ?avg 0.1$/, /^two/, /todo 2 notes ?min 0.2 ?avg 0.25$/, /^three/, /^one/, /Without status 1 note/, /^none/])
  await expect(table.locator('tfoot')).toHaveText(/notes 4.*min 0.1.*avg 0.2175$/)
  await lab.isAccessible()
  const heading = page.getByRole('button', { name: 'todo 2 notes' })
  await heading.focus()
  await page.keyboard.press('Enter')
  await expect(heading).toHaveAttribute('aria-expanded', 'false')
  await expect(rows).toHaveCount(5)
  await heading.click()
  await expect(rows).toHaveCount(7)
  await page.getByRole('button', { name: 'loss', exact: true }).click()
  await page.getByRole('button', { name: 'loss', exact: true }).click()
  await expect(rows.nth(3)).toContainText('one')
  lab.write('five.md', run('done', 0.05, today))
  await expect(rows.filter({ hasText: 'done 1 note' })).toBeVisible()
  await expect(table.locator('tfoot')).toContainText('min 0.05')
})

test('columns of a table are chosen, moved, and as wide as one likes, and the file keeps that', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('groups.cdx')
  const table = page.getByRole('region', { name: 'Table' })
  await page.getByRole('button', { name: 'Columns' }).click()
  const menu = page.getByRole('dialog', { name: 'Columns' })
  await lab.isAccessible()
  await menu.getByRole('checkbox', { name: 'due' }).focus()
  await page.keyboard.press('Space')
  await lab.says('groups.cdx', FILES['groups.cdx'].replace(', {id: due}', ''))
  await expect(menu.getByRole('checkbox', { name: 'due' })).toBeFocused()
  await menu.getByRole('checkbox', { name: 'status' }).click()
  await menu.getByRole('button', { name: 'Move status to the left' }).click()
  await lab.says('groups.cdx', FILES['groups.cdx'].replace('{id: loss}, {id: due}', '{id: status}, {id: loss}'))
  await page.keyboard.press('Escape')
  await expect(table.locator('thead th')).toHaveText(['title', 'status', 'loss'])

  const edge = page.getByRole('separator', { name: 'Width of title' })
  const from = Number(await edge.getAttribute('aria-valuenow'))
  await edge.focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await lab.says('groups.cdx', new RegExp(`columns: \\[\\{id: title, width: ${from + 32}\\}, \\{id: status\\}, \\{id: loss\\}\\]  # mine\\n`))
  const at = (await edge.boundingBox())!
  await page.mouse.move(at.x + 3, at.y + 10)
  await page.mouse.down()
  await page.mouse.move(at.x - 17, at.y + 10, { steps: 4 })
  await page.mouse.up()
  await lab.says('groups.cdx', new RegExp(`\\{id: title, width: ${from + 12}\\}, \\{id: status\\}`))
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

test('a finger moves a card by its menu', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('board.cdx')
  const menu = page.getByLabel('Move two to')
  if (!lab.isPhone) {
    await expect(page.getByRole('region', { name: 'Doing, 1 cards' })).toBeVisible()
    await expect(menu, 'a mouse drags it').toHaveCount(0)
    return
  }
  await expect(menu).toHaveValue('doing')
  await menu.selectOption('Done')
  await expect(page.getByRole('region', { name: 'Done, 1 cards' })).toBeVisible()
  await lab.says('two.md', run('done', 0.1, today))
  await lab.isAccessible()
  await lab.open('lanes.cdx')
  await page.getByLabel('Move two to').selectOption('todo')
  await lab.says('two.md', run('todo', 0.1, today))
})

test('calendar and tasks show what they should', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('days.cdx')
  await expect(page.getByRole('gridcell', { name: today }).getByRole('link')).toHaveCount(3)
  await expect(page.locator('.notice')).toHaveCount(0)
  await lab.isAccessible()
  await lab.open('tasks.cdx')
  await page.getByLabel('three is done').click()
  await lab.says('three.md', run('done', 0.2, today))
  await lab.isAccessible()
})

test('a rollup has figures of all and of its sections, of weeks the latest first', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('sums.cdx')
  await expect(page.getByRole('definition').first()).toHaveText('0.1')
  await expect(page.getByRole('region', { name: 'todo' })).toContainText(/todo ?2 notes.*loss, avg 0.25$/)
  await page.getByRole('button', { name: 'todo 2 notes' }).click()
  await expect(page.getByRole('region', { name: 'todo' }).getByRole('link', { name: 'one' })).toBeVisible()
  await lab.isAccessible()
  await lab.open('months.cdx')
  const sections = page.getByRole('region', { name: 'Figures' }).getByRole('button')
  await expect(sections).toHaveText([/^Week \d+, \d{4}2 notes$/, /^Week 5, 20201 note$/, /^Without due1 note$/])
  await expect(sections.first()).toHaveAttribute('aria-expanded', 'true')
  await lab.isAccessible()
})

test('pictures lie side by side, each as high as it is, and are looked at one after the other', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('pictures.cdx')
  await page.getByRole('button', { name: 'p, larger' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('img')).toHaveAttribute('alt', 'p')
  await expect(dialog).toContainText('1 of 2')
  await page.keyboard.press('ArrowRight')
  await expect(dialog.getByRole('img')).toHaveAttribute('alt', 'tall')
  await page.keyboard.press('ArrowRight')
  await expect(dialog.getByRole('img')).toHaveAttribute('alt', 'p')
  await lab.isAccessible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: 'p, larger' })).toBeFocused()
  const heights = async () => Promise.all(['p', 'tall'].map(async (name) => (await page.getByRole('button', { name: `${name}, larger` }).boundingBox())!.height))
  const [square, tall] = await heights()
  expect(square).toBe(tall)
  lab.write('pictures.cdx', FILES['pictures.cdx'].replace('---\n', '---\nconfig: {layout: masonry}\n'))
  await lab.open('pictures.cdx')
  await expect.poll(async () => { const [low = 1, high = 0] = await heights(); return high / low }).toBeGreaterThan(1.4)
  await lab.isAccessible()
})

test('a week of a calendar fills a phone, with its days as rows, and a note is put on another day', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('days.cdx')
  const days = page.getByRole('grid')
  const cells = days.getByRole('gridcell')
  if (!lab.isPhone) await page.getByLabel('How much is shown').selectOption('Week')
  await expect(cells).toHaveCount(7)
  await expect(days).toHaveClass(/one-week/)
  const [first, last, all] = [(await cells.first().boundingBox())!, (await cells.last().boundingBox())!, (await days.boundingBox())!]
  if (lab.isPhone) {
    expect([first.x, first.width]).toEqual([last.x, last.width])
    expect(first.width).toBeGreaterThan(0.98 * all.width - 4)
    expect(last.y + last.height).toBeGreaterThan(all.y + all.height - 4)
  } else expect(first.y).toBe(last.y)
  const monday = (await cells.first().getAttribute('aria-label'))!
  const note = cells.filter({ has: page.getByRole('link', { name: 'one', exact: true }) })
  await note.getByRole('link', { name: 'one', exact: true }).focus()
  await page.keyboard.press(today === monday ? 'Alt+ArrowRight' : 'Alt+ArrowLeft')
  await lab.says('one.md', new RegExp(`due: '?(?!${today})\\d{4}-\\d{2}-\\d{2}`))
  await lab.isAccessible()
})

test('a dashboard has views as panels, each live and with its own faults, and never itself', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('dash.cdx')
  const panel = (name: string) => page.getByRole('region', { name, exact: true })
  await expect(panel('My table').getByRole('row')).toHaveCount(4)
  await expect(panel('Open').getByRole('listitem')).toHaveCount(2)
  await expect(panel('nothing.cdx').getByRole('alert')).toContainText('There is no nothing.cdx')
  await expect(panel('wrong').getByRole('alert')).toContainText('a value is expected')
  await expect(panel('dash').getByRole('alert')).toContainText('cannot be a panel of itself')
  await expect(panel('My rollup').getByText('0.1', { exact: true }).first()).toBeVisible()
  const [left, right] = [(await panel('My table').boundingBox())!, (await panel('Open').boundingBox())!]
  if (lab.isPhone) expect(right.y).toBeGreaterThanOrEqual(left.y + left.height)
  else expect([right.y, right.x > left.x + left.width, left.width > 1.8 * right.width]).toEqual([left.y, true, true])
  await lab.isAccessible()
  lab.write('four.md', run('todo', 0.05, today))
  await expect(panel('Open').getByRole('listitem')).toHaveCount(3)
  await expect(panel('My rollup').getByText('0.05', { exact: true }).first()).toBeVisible()
  lab.write('nothing.cdx', head('task-list'))
  await expect(panel('My task-list').getByRole('checkbox')).toHaveCount(4)
  lab.write('table.cdx', FILES['table.cdx'].replace('title: My table', 'title: Renamed'))
  await panel('Renamed').getByRole('link', { name: /^Renamed ?, in full$/ }).click()
  await expect(page).toHaveURL(/\/table\.cdx$/)
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

test('a view is made with a form, drawn while it is changed, and its file keeps what was in it', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('made.cdx')
  await page.getByRole('button', { name: 'Edit view' }).click()
  const pane = lab.isPhone ? page.getByRole('dialog', { name: 'Edit view' }) : page.getByRole('complementary', { name: 'Edit view' })
  await expect(pane.getByText('Finds 3 notes')).toBeVisible()
  await pane.getByLabel('With all of these tags').fill('nothing')
  await expect(pane.getByText('Finds 0 notes')).toBeVisible()
  await pane.getByLabel('With all of these tags').fill('run')
  await pane.getByRole('button', { name: 'Add condition' }).click()
  await pane.getByLabel('Property of condition 1').fill('loss')
  await pane.getByLabel('Comparison of condition 1').selectOption('below')
  await pane.getByLabel('Value of condition 1').fill('0.25')
  await expect(pane.getByText('Finds 2 notes')).toBeVisible()
  await pane.getByLabel('Search line').fill('loss<')
  await expect(pane.getByText('Not understood')).toBeVisible()
  await expect(pane.getByLabel('Search line')).toHaveAttribute('aria-invalid', 'true')
  await pane.getByLabel('Search line').fill('')
  await pane.getByRole('button', { name: 'Add sort key' }).click()
  await pane.getByLabel('Sort key 1', { exact: true }).fill('loss')
  await pane.getByLabel('Direction of sort key 1').selectOption('Highest first')
  await pane.getByRole('button', { name: 'Add status' }).click()
  await lab.isAccessible()
  if (lab.isPhone) await pane.getByRole('button', { name: 'Preview' }).click()
  const rows = page.getByRole('region', { name: 'Table' }).locator('tbody tr:not([aria-hidden])')
  await expect(rows.first()).toContainText('three')
  await lab.isAccessible()
  await pane.getByRole('button', { name: 'Save' }).click()
  await expect(pane).toHaveCount(0)
  await lab.says('made.cdx', FILES['made.cdx'].replace('[run]\n', '[run]\n  where: loss<0.25\n  sort: loss desc\n').replace('---\nText', 'config:\n  columns: [{id: title}, {id: status}]\n---\nText'))
  await expect(rows).toHaveCount(2)
})

test('a form that is left changes nothing, and an empty file becomes a view', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('made.cdx')
  await page.getByRole('button', { name: 'Edit view' }).click()
  await page.getByLabel('Shown as').selectOption('Board')
  await page.getByLabel('Grouped by').fill('status')
  if (!lab.isPhone) await expect(page.getByRole('region', { name: 'todo, 2 cards' })).toBeVisible()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('region', { name: 'Table' })).toBeVisible()
  expect(lab.read('made.cdx')).toBe(FILES['made.cdx'])
  await lab.open('empty.cdx')
  await page.getByRole('button', { name: 'Begin a view' }).click()
  await page.getByLabel('Shown as').selectOption('List')
  await page.getByLabel('Title', { exact: true }).fill('Mine')
  await page.getByRole('button', { name: 'Save' }).click()
  await lab.says('empty.cdx', '---\ntype: view\nview_type: list\nquery: {}\ntitle: Mine\n---\n')
  await expect(page.getByRole('heading', { name: 'Mine' })).toBeVisible()
})

test('a chart shows figures of groups and a property over another, and can be read as a table', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('bars.cdx')
  await expect(page.getByRole('img', { name: 'max of loss by status: 2 values from 0.1 to 0.3' })).toBeVisible()
  await page.getByText('As a table').click()
  await expect(page.getByRole('row', { name: 'todo 0.3' })).toBeVisible()
  await lab.isAccessible()
  await page.getByRole('button', { name: 'Edit view' }).click()
  await page.getByLabel('Drawn as').selectOption('Points')
  await page.getByLabel('Across').fill('due')
  if (lab.isPhone) await page.getByRole('button', { name: 'Preview' }).click()
  await expect(page.getByRole('img', { name: 'loss by due: 3 values from 0.1 to 0.3' })).toBeVisible()
  await lab.isAccessible()
  await page.getByRole('button', { name: 'Save' }).click()
  await lab.says('bars.cdx', FILES['bars.cdx'].replace('{chart: bar, y: loss, function: max}', '{chart: scatter, y: loss, function: max, x: due}'))
  lab.write('four.md', run('todo', 0.7, today))
  await expect(page.getByRole('img', { name: 'loss by due: 4 values from 0.1 to 0.7' })).toBeVisible()
})

test('cards of a corkboard lie where they are put, and in lanes get the value of theirs', async ({ lab, page }) => {
  await lab.begin(FILES)
  await lab.open('cork.cdx')
  const board = page.getByRole('region', { name: 'Corkboard' })
  const card = board.getByRole('listitem').filter({ hasText: 'two' })
  await expect(board.getByRole('listitem')).toHaveCount(3)
  await lab.isAccessible()
  await card.getByRole('link').focus()
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(`Alt+${key}`)
  await lab.says('two.md', /corkboard_position:\n\s+x: 40\n\s+'y': 60\n---\n$/)
  await expect(card.getByRole('link')).toBeFocused()
  const at = (await card.boundingBox())!
  await page.mouse.move(at.x + 60, at.y + 80)
  await page.mouse.down()
  await page.mouse.move(at.x + 90, at.y + 150, { steps: 4 })
  await page.mouse.move(at.x + 102, at.y + 221, { steps: 4 })
  await page.mouse.up()
  await lab.says('two.md', /x: 80\n\s+'y': 200\n/)
  await expect(page).toHaveURL(/cork\.cdx$/)
  await lab.open('lanes.cdx')
  await page.getByRole('region', { name: 'doing, 1 cards' }).getByRole('link', { name: 'two' }).focus()
  await lab.isAccessible()
  await page.keyboard.press('Alt+ArrowDown')
  await expect(page.getByRole('region', { name: 'todo, 3 cards' })).toBeVisible()
  await lab.says('two.md', /status: todo\n/)
})
