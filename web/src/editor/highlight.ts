/** Colours of code in a note that is read, by the languages of the editor. */
import { LanguageDescription } from '@codemirror/language'
import { languages } from '@codemirror/language-data'
import { highlightCode, tagHighlighter, tags as t } from '@lezer/highlight'

const colours = tagHighlighter([
  { tag: [t.keyword, t.operatorKeyword, t.modifier, t.controlKeyword], class: 'tok-keyword' },
  { tag: [t.string, t.special(t.string), t.regexp, t.attributeValue], class: 'tok-string' },
  { tag: [t.number, t.bool, t.null, t.atom], class: 'tok-number' },
  { tag: t.comment, class: 'tok-comment' },
  { tag: [t.definition(t.variableName), t.function(t.variableName), t.propertyName, t.attributeName, t.tagName], class: 'tok-name' },
  { tag: [t.typeName, t.className, t.namespace], class: 'tok-type' },
])

/** Longer code stays without. */
const LONGEST = 200_000

export async function highlight(element: HTMLElement): Promise<void> {
  const name = /language-(\S+)/.exec(element.className)?.[1] ?? ''
  const text = element.textContent
  const found = LanguageDescription.matchLanguageName(languages, name, true)
  if (!found || text.length > LONGEST) return
  const { language } = await found.load()
  const parts = document.createDocumentFragment()
  highlightCode(
    text,
    language.parser.parse(text),
    colours,
    (code, classes) => {
      const span = document.createElement('span')
      span.className = classes
      span.textContent = code
      parts.append(classes === '' ? code : span)
    },
    () => parts.append('\n'),
  )
  element.replaceChildren(parts)
}
