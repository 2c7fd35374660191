import { beforeEach, describe, expect, it, vi } from 'vitest'

const server = vi.hoisted(() => ({ text: '', version: 0, refuse: 0, slow: undefined as Promise<void> | undefined, puts: 0 }))

vi.mock('./drafts', () => ({
  beginDraft: () => 'd', endDraft: vi.fn(), keepDraft: vi.fn(() => Promise.resolve()), dropDraft: vi.fn(() => Promise.resolve()), dropDrafts: vi.fn(() => Promise.resolve()), draftsOf: () => Promise.resolve([]),
}))
vi.mock('@/api/client', async () => {
  const { Failure } = await import('@/api/failure')
  return {
    ask: <T>(answer: Promise<T>) => answer,
    api: {
      GET: async () => {
        const answer = { raw: server.text, hash: String(server.version), id: 1 }
        await server.slow
        if (server.refuse !== 0) throw new Failure(server.refuse, 'x', 'refused')
        return answer
      },
      PUT: (_: string, { body }: { body: { raw: string; expected_hash: string } }) => {
        server.puts++
        if (server.refuse !== 0) return Promise.reject(new Failure(server.refuse, 'x', 'refused'))
        if (body.expected_hash !== String(server.version)) return Promise.reject(new Failure(412, 'precondition_failed', 'changed'))
        server.text = body.raw
        server.version++
        return Promise.resolve({ hash: String(server.version) })
      },
    },
  }
})

const { useDocument } = await import('./document')

async function opened(text: string) {
  Object.assign(server, { text, version: 1, refuse: 0, slow: undefined, puts: 0 })
  const doc = useDocument({ workspace: 'w', notebook: 1, path: () => 'a.md', id: () => 1, draft: () => 'k' }, () => true)
  const held = { text: await doc.open() }
  doc.attach({ text: () => held.text, set: (next) => (held.text = next) })
  return { doc, held }
}

function elsewhere(text: string): void {
  server.text = text
  server.version++
}

beforeEach(() => void vi.useRealTimers())

describe('saving', () => {
  it('sends what was typed, and nothing where nothing was', async () => {
    const { doc, held } = await opened('a\n')
    await doc.save()
    expect(server.puts).toBe(0)
    held.text = 'b\n'
    doc.typed()
    await doc.save()
    expect([server.text, doc.state.value, server.puts]).toEqual(['b\n', 'saved', 1])
  })

  it('puts changes of other lines together', async () => {
    const { doc, held } = await opened('a\nb\nc\nd\n')
    held.text = 'A\nb\nc\nd\n'
    elsewhere('a\nb\nc\nD\n')
    await doc.save()
    expect([held.text, doc.state.value]).toEqual(['A\nb\nc\nD\n', 'unsaved'])
    await doc.save()
    expect(server.text).toBe('A\nb\nc\nD\n')
  })

  it('keeps both texts of the same lines until somebody decides', async () => {
    const { doc, held } = await opened('a\n')
    held.text = 'mine\n'
    elsewhere('theirs\n')
    await doc.save()
    expect([doc.state.value, held.text, server.text]).toEqual(['clash', 'mine\n', 'theirs\n'])
    held.text = 'mine, typed on\n'
    await doc.save()
    expect(server.text).toBe('theirs\n')
    doc.review()
    expect(doc.clash.value).toMatchObject({ base: 'a\n', mine: 'mine, typed on\n', theirs: 'theirs\n' })
    doc.resolve('both\n')
    await doc.save()
    expect([server.text, doc.state.value]).toEqual(['both\n', 'saved'])
  })

  it('says what is in the way, and keeps the text', async () => {
    const { doc, held } = await opened('a\n')
    held.text = 'b\n'
    server.refuse = 507
    await doc.save()
    expect([doc.state.value, doc.fault.value, held.text]).toEqual(['failed', 'Refused.', 'b\n'])
    server.refuse = 0
    await doc.save()
    expect([doc.state.value, server.text]).toEqual(['saved', 'b\n'])
  })
})

describe('hearing of changes', () => {
  it('takes them over where nothing was typed', async () => {
    const { doc, held } = await opened('a\n')
    elsewhere('b\n')
    await doc.refresh()
    expect([held.text, doc.state.value]).toEqual(['b\n', 'saved'])
  })

  it('believes no answer that is older than what was saved meanwhile', async () => {
    const { doc, held } = await opened('a\n')
    let release = () => undefined as void
    server.slow = new Promise((resolve) => (release = resolve))
    const reading = doc.refresh()
    held.text = 'b\n'
    await doc.save()
    server.slow = undefined
    release()
    await reading
    expect([held.text, server.text, doc.state.value]).toEqual(['b\n', 'b\n', 'saved'])
  })

  it('keeps the text of a note that is gone', async () => {
    const { doc, held } = await opened('a\n')
    server.refuse = 404
    await doc.refresh()
    expect([doc.state.value, held.text]).toEqual(['gone', 'a\n'])
  })
})

it('leaving sends what was typed while an earlier save was on its way', async () => {
  const { doc, held } = await opened('a\n')
  held.text = 'b\n'
  const first = doc.save()
  held.text = 'c\n'
  await doc.close()
  await first
  expect(server.text).toBe('c\n')
})
