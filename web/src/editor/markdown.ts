/**
 * A note as HTML. What comes out is safe to show: no script, no handler, no address but those of the web, of mail and of
 * this page; nothing of other sites is loaded. Knows nothing of the server.
 */
import DOMPurify from 'dompurify'
import MarkdownIt from 'markdown-it'
import type { MarkdownIt as Maker } from 'markdown-it'

import { findHead } from './frontmatter'
import { headingName, uniqueName } from './names'

export interface RenderOptions {
  /** Where the bytes of a picture are; `undefined` for one of another site. */
  imageUrl: (source: string) => string | undefined
}

type InlineRule = Parameters<Maker['inline']['ruler']['push']>[1]
type CoreRule = Parameters<Maker['core']['ruler']['push']>[1]

const wikiLink: InlineRule = (state, silent) => {
  const found = /^(!?)\[\[([^\]|\n]+)(?:\|([^\]\n]+))?\]\]/.exec(state.src.slice(state.pos, state.pos + 600))
  if (!found) return false
  if (!silent) {
    const [, isEmbed, target = '', shown] = found
    if (isEmbed && /\.(png|jpe?g|gif|webp|avif|svg|bmp)$/i.test(target)) {
      const image = state.push('image', 'img', 0)
      image.attrs = [['src', target], ['alt', shown ?? target]]
      image.children = []
      image.content = shown ?? target
    } else {
      state.push('wiki_open', 'a', 1).attrs = [['data-wiki', target], ['href', '#']]
      state.push('text', '', 0).content = shown ?? target
      state.push('wiki_close', 'a', -1)
    }
  }
  state.pos += found[0].length
  return true
}

const formula: InlineRule = (state, silent) => {
  const found = /^\$\$([\s\S]+?)\$\$|^\$(?!\s)((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)/.exec(state.src.slice(state.pos))
  if (!found) return false
  if (!silent) {
    const token = state.push('formula', 'span', 0)
    token.content = (found[1] ?? found[2] ?? '').trim()
    token.meta = { isDisplay: found[1] !== undefined }
  }
  state.pos += found[0].length
  return true
}

/** `[ ]` at the beginning of an item is a box. */
const taskBoxes: CoreRule = (state) => {
  state.tokens.forEach((token, index) => {
    const isFirst = state.tokens[index - 1]?.type === 'paragraph_open' && state.tokens[index - 2]?.type === 'list_item_open'
    const first = token.children?.[0]
    const box = /^\[([ xX])\]\s/.exec(first?.content ?? '')
    if (token.type !== 'inline' || !isFirst || !first || !box) return
    first.content = first.content.slice(box[0].length)
    const made = new state.Token('task_box', 'input', 0)
    made.meta = { isDone: box[1] !== ' ' }
    token.children?.unshift(made)
    state.tokens[index - 2]?.attrJoin('class', 'task')
  })
}

/** Headings have names, by which an address leads to them. */
const headingNames: CoreRule = (state) => {
  const used = new Map<string, number>()
  state.tokens.forEach((token, index) => {
    if (token.type !== 'heading_open') return
    token.attrSet('id', uniqueName(headingName(state.tokens[index + 1]?.content ?? ''), used))
  })
}

function maker(): Maker {
  const made = new MarkdownIt({ html: true, linkify: true, typographer: false })
  made.inline.ruler.before('link', 'wiki', wikiLink)
  made.inline.ruler.before('escape', 'formula', formula)
  made.core.ruler.push('tasks', taskBoxes)
  made.core.ruler.push('names', headingNames)
  made.renderer.rules.formula = (tokens, index) => {
    const token = tokens[index]
    const { isDisplay } = token?.meta as { isDisplay: boolean }
    return `<span class="formula${isDisplay ? ' display' : ''}">${made.utils.escapeHtml(token?.content ?? '')}</span>`
  }
  made.renderer.rules.task_box = (tokens, index) => {
    const { isDone } = tokens[index]?.meta as { isDone: boolean }
    return `<input type="checkbox" disabled${isDone ? ' checked' : ''}> `
  }
  const fence = made.renderer.rules.fence
  made.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index]
    if (token?.info.trim() === 'mermaid') return `<div class="diagram">${made.utils.escapeHtml(token.content)}</div>\n`
    return fence ? fence(tokens, index, options, env, self) : ''
  }
  // The cleaner decides about addresses, and says what it took away; an image may have any until then.
  made.validateLink = (url) => !/^\s*(?:javascript|vbscript|data:(?!image\/(?:png|jpeg|gif|webp|avif);))/i.test(url)
  return made
}

let markdown: Maker | undefined

/** An address of the web, of mail, or of this page; no other scheme. */
const ALLOWED = /^(?:https?:|mailto:|tel:|[^a-z]|[a-z][a-z0-9+.-]*(?:[^a-z0-9+.\-:]|$))/i

const PURIFY = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: ['style', 'form', 'button', 'textarea', 'select', 'option', 'dialog', 'audio', 'video', 'source', 'track', 'picture', 'map', 'area'],
  FORBID_ATTR: ['style', 'srcset', 'autofocus', 'name', 'usemap', 'popover', 'popovertarget', 'background'],
  ALLOWED_URI_REGEXP: ALLOWED,
  ADD_ATTR: ['data-wiki'],
  RETURN_DOM_FRAGMENT: true as const,
}

/** The body of a note, as a part of a page. */
export function render(text: string, options: RenderOptions): DocumentFragment {
  markdown ??= maker()
  const html = markdown.render(text.slice(findHead(text)?.body ?? 0))
  const fragment = DOMPurify.sanitize(html, PURIFY)
  // Ids of a note are its headings' alone: no other may stand for a part of our page.
  for (const element of fragment.querySelectorAll('[id]')) if (!/^H[1-6]$/.test(element.tagName)) element.removeAttribute('id')
  for (const image of fragment.querySelectorAll('img')) settleImage(image, options)
  for (const input of fragment.querySelectorAll('input')) {
    if (input.type !== 'checkbox') input.remove()
    else {
      input.disabled = true
      input.setAttribute('aria-label', input.checked ? 'Done' : 'To do')
    }
  }
  for (const link of fragment.querySelectorAll('a')) {
    if (/^(?:https?:)?\/\//i.test(link.getAttribute('href') ?? '')) {
      link.target = '_blank'
      link.rel = 'noopener noreferrer'
    } else link.removeAttribute('target')
  }
  return fragment
}

function settleImage(image: HTMLImageElement, { imageUrl }: RenderOptions): void {
  const source = image.getAttribute('src') ?? ''
  const url = /^data:image\/(?:png|jpeg|gif|webp|avif);/i.test(source) ? source : imageUrl(source)
  if (url !== undefined) {
    image.src = url
    image.loading = 'lazy'
    return
  }
  const link = document.createElement('a')
  link.className = 'away'
  link.href = source
  link.target = '_blank'
  link.rel = 'noopener noreferrer'
  link.textContent = `Picture of another site, not loaded: ${image.alt || source}`
  image.replaceWith(link)
}
