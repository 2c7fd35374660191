import { expect, test } from './support/lab'

test('notes are dragged into folders and onto tags', async ({ lab, page }) => {
  await lab.begin({ 'one.md': '# One\n', 'two.md': '[one](one.md)\n', 'box/x.md': '---\ntags: [dropped]\n---\n' })
  await lab.open()
  await (await lab.row('one.md')).dragTo(await lab.row('box'))
  await expect(lab.toast('Moved one.md to box')).toBeVisible()
  await lab.says('two.md', '[one](box/one.md)\n')
  await page.getByRole('region', { name: 'Messages' }).getByRole('button', { name: 'Undo' }).first().click()
  await lab.says('two.md', '[one](one.md)\n')
  await expect(await lab.row('one.md')).toBeVisible()
})

test('files from the desktop are dropped into a folder, and pictures into a note', async ({ lab, page }) => {
  await lab.begin({ 'note.md': 'Before.\n', 'box/x.md': '' })
  await lab.open('note.md')
  const drop = (name: string, type: string, text: string) =>
    page.evaluateHandle(([name, type, text]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([text ?? ''], name ?? '', { type: type ?? '' }))
      return transfer
    }, [name, type, text])
  const dataTransfer = await drop('data.csv', 'text/csv', 'a,b\n1,2\n')
  const box = await lab.row('box')
  await box.dispatchEvent('dragover', { dataTransfer })
  await box.dispatchEvent('drop', { dataTransfer })
  await lab.says('box/data.csv', 'a,b\n1,2\n')
  const picture = await drop('a picture.svg', 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
  await lab.editor.dispatchEvent('drop', { dataTransfer: picture })
  await lab.says('attachments/a-picture.svg', /svg/)
  await lab.says('note.md', /!\[\]\(attachments\/a-picture\.svg\)/)
})
