import { effectScope, nextTick, ref } from 'vue'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import type { File } from '@/api/client'
import type { Value } from '@/editor/frontmatter'

import { readDefinition } from './definition'
import { useColumns } from './useColumns'

const FILES = [{ ref: 'a', title: 'a', properties: { loss: 0.1, status: 'todo' } }] as unknown as File[]
const view = (columns: string) => readDefinition(`---\nview_type: table\nconfig: {columns: ${columns}}\n---\n`, 'lab')

function table(columns: string, canWrite = true) {
  const definition = ref(view(columns))
  const written: Value[][] = []
  const made = effectScope().run(() =>
    useColumns({ definition: () => definition.value, files: () => FILES, figures: () => [], room: () => 600, canWrite: () => canWrite, write: (entries) => void written.push(entries) }),
  )
  if (!made) throw new Error('the scope has ended')
  return { ...made, definition, written, ids: () => made.columns.value.map(({ id }) => id) }
}

describe('columns of a table', () => {
  beforeEach(() => void vi.useFakeTimers())

  it('are written where one may, with what the file says of them', () => {
    const { choose, written } = table('[{id: loss, width: 90}, status]')
    choose(['status', 'loss', 'title'])
    expect(written).toEqual([['status', { id: 'loss', width: 90 }, { id: 'title' }]])
  })

  it('are only looked at otherwise, until the file says something else', async () => {
    const { choose, resize, keep, written, ids, widths, definition } = table('[loss, status]', false)
    choose(['status'])
    resize('status', 200)
    keep('status')
    vi.runAllTimers()
    expect([ids(), widths.value, written]).toEqual([['status'], [200], []])
    definition.value = view('[loss]')
    await nextTick()
    expect(ids()).toEqual(['loss'])
  })

  it('share the room that nobody set', () => {
    const { widths } = table('[{id: loss, width: 100}, status]')
    expect(widths.value).toEqual([100, 500])
  })

  it('are written once after a drag, and the others stay as wide as they were', () => {
    const { resize, keep, widths, written } = table('[loss, status]')
    const before = widths.value[1]
    for (const width of [310, 320, 330]) resize('loss', width)
    keep('loss')
    keep('loss')
    expect(written).toEqual([])
    vi.runAllTimers()
    expect([widths.value, written]).toEqual([[330, before], [[{ id: 'loss', width: 330 }, 'status']]])
  })

  it('are as wide as what they hold again', () => {
    const { reset, written } = table('[{id: loss, width: 330, title: Loss}, status]')
    reset('loss')
    expect(written).toEqual([[{ id: 'loss', title: 'Loss' }, 'status']])
  })
})
