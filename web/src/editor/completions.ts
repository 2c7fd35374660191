/** What is offered after `[[`, and after `#` or in `tags:` of the head. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'

import { api, ask } from '@/api/client'
import { extensionOf, stemOf } from '@/lib/paths'

import { findHead } from './frontmatter'

const OFFERED = 20

export interface Offers {
  workspace: string
  notebook: number
  tags: () => string[]
}

export function completions(offers: Offers) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const link = context.matchBefore(/\[\[[^\]|\n]*/)
    if (link) return links(context, link, offers)
    return tagsIn(context, offers.tags())
  }
}

async function links(context: CompletionContext, link: { from: number; text: string }, offers: Offers): Promise<CompletionResult | null> {
  const text = link.text.slice(2)
  const asking = new AbortController()
  context.addEventListener('abort', () => asking.abort())
  const params = { path: { ws: offers.workspace }, query: { q: text, limit: OFFERED } }
  try {
    const { files } = await ask(api.GET('/api/v1/workspaces/{ws}/suggest', { params, signal: asking.signal }))
    const close = context.state.sliceDoc(context.pos, context.pos + 2) === ']]' ? '' : ']]'
    const own = files.filter((file) => file.notebook_id === offers.notebook)
    const names = own.map((file) => stemOf(file.path))
    const options = own.map((file): Completion => {
      const isAlone = names.filter((name) => name === stemOf(file.path)).length === 1
      const isNote = extensionOf(file.path) === 'md'
      const name = isNote ? (isAlone ? stemOf(file.path) : file.path.replace(/\.md$/, '')) : file.path
      return {
        label: file.title,
        detail: file.path,
        apply: (view, _, from, to) => {
          const insert = name + close
          view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + name.length + 2 }, userEvent: 'input.complete' })
        },
      }
    })
    return { from: link.from + 2, options, filter: false }
  } catch {
    return null
  }
}

function tagsIn(context: CompletionContext, names: string[]): CompletionResult | null {
  const before = context.state.doc.lineAt(context.pos)
  const head = findHead(context.state.sliceDoc(0, Math.min(context.state.doc.length, 20_000)))
  const isInHead = head !== null && context.pos <= head.to
  const word = isInHead ? context.matchBefore(/[\w/-]*/) : context.matchBefore(/(?:^|(?<=\s))#[\w/-]*/)
  if (!word || (word.from === word.to && !context.explicit)) return null
  if (isInHead && !/^\s*(?:tags:|-)/.test(before.text)) return null
  if (!isInHead && /^#+$/.test(word.text) && !context.explicit && word.from === before.from) return null
  const from = isInHead ? word.from : word.from + 1
  return { from, options: names.map((label) => ({ label, type: 'keyword' })), validFor: /^[\w/-]*$/ }
}
