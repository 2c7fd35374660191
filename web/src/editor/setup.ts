/** The editor's extensions: keys, languages, colours. What is particular to notes comes from the modules beside it. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { markdown, markdownKeymap, markdownLanguage } from '@codemirror/lang-markdown'
import { yaml, yamlFrontmatter } from '@codemirror/lang-yaml'
import { HighlightStyle, LanguageDescription, bracketMatching, foldKeymap, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { languages } from '@codemirror/language-data'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { EditorState } from '@codemirror/state'
import type { Extension } from '@codemirror/state'
import { EditorView, drawSelection, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view'
import { tags as t } from '@lezer/highlight'

import { nameOf } from '@/lib/paths'

import { formatKeymap } from './formatting'
import { ours } from './grammar'

/** Above it a text is edited without colours and preview: a parser would hold up the keys. */
const LONGEST_LINE = 20_000
const LARGEST = 6_000_000
/** A longer line is scrolled along: its first layout held the page for five seconds at ten megabytes. */
const LONGEST_WRAPPED = 500_000

const colours = HighlightStyle.define([
  { tag: t.heading, class: 'tok-heading' },
  { tag: t.strong, fontWeight: '650' },
  { tag: t.emphasis, fontStyle: 'italic' },
  { tag: t.strikethrough, textDecoration: 'line-through' },
  { tag: [t.link, t.url], class: 'tok-link' },
  { tag: [t.keyword, t.operatorKeyword, t.modifier, t.controlKeyword], class: 'tok-keyword' },
  { tag: [t.string, t.special(t.string), t.regexp, t.attributeValue], class: 'tok-string' },
  { tag: [t.number, t.bool, t.null, t.atom], class: 'tok-number' },
  { tag: [t.comment, t.lineComment, t.blockComment], class: 'tok-comment' },
  { tag: [t.definition(t.variableName), t.function(t.variableName), t.propertyName, t.attributeName, t.tagName], class: 'tok-name' },
  { tag: [t.typeName, t.className, t.namespace], class: 'tok-type' },
  { tag: [t.processingInstruction, t.meta, t.contentSeparator, t.punctuation, t.bracket], class: 'tok-mark' },
  { tag: t.invalid, class: 'tok-invalid' },
])

export function isHuge(text: string): boolean {
  return text.length > LARGEST || hasLineOver(LONGEST_LINE, text)
}

function hasLineOver(longest: number, text: string): boolean {
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    if (end - start > longest) return true
    start = end + 1
  }
  return text.length - start > longest
}

function isWrapped(text: string, isNote: boolean): boolean {
  return (isNote || text.length < 200_000) && !hasLineOver(LONGEST_WRAPPED, text)
}

/** CodeMirror knows one kind of line end a text; where there are both, the carriage returns stay as characters. */
function lineEnds(text: string): Extension {
  const all = text.match(/\n/g)?.length ?? 0
  const returned = text.match(/\r\n/g)?.length ?? 0
  return EditorState.lineSeparator.of(all > 0 && all === returned && !/\r(?!\n)/.test(text) ? '\r\n' : '\n')
}

/** For Markdown, with the YAML at its head. */
export function noteLanguage(): Extension {
  const content = markdown({ base: markdownLanguage, codeLanguages: languages, extensions: [ours], addKeymap: false })
  return yamlFrontmatter({ content })
}

/** For a file by its name. */
export async function languageOf(path: string): Promise<Extension> {
  if (path.endsWith('.cdx')) return noteLanguage()
  if (/\.ya?ml$/.test(path)) return yaml()
  const found = LanguageDescription.matchFilename(languages, nameOf(path))
  return found ? found.load() : []
}

export function common(text: string, isNote: boolean): Extension[] {
  return [
    lineEnds(text),
    history(),
    drawSelection(),
    highlightSpecialChars(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    search({ top: true }),
    autocompletion({ icons: false, closeOnBlur: true }),
    syntaxHighlighting(colours),
    EditorView.clipboardInputFilter.of((pasted, state) => pasted.replace(/\r\n?|\n/g, state.lineBreak)),
    EditorState.allowMultipleSelections.of(true),
    EditorState.tabSize.of(4),
    isWrapped(text, isNote) ? EditorView.lineWrapping : [],
    isNote ? [] : [lineNumbers(), highlightActiveLine()],
    keymap.of([
      ...(isNote ? [...formatKeymap, ...markdownKeymap] : []),
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
  ]
}
