/** Formulas and diagrams: large libraries, fetched with the first of their kind that is to be seen. */
import { isDark } from '@/lib/theme'

let katex: Promise<typeof import('katex')> | undefined
let mermaid: Promise<typeof import('mermaid')> | undefined
let count = 0

/** Shows a formula in an element; what cannot be read stays as text, with the reason as its title. */
export async function renderMath(element: HTMLElement, tex: string, isDisplay: boolean): Promise<void> {
  katex ??= Promise.all([import('katex'), import('katex/dist/katex.min.css')]).then(([module]) => module)
  try {
    const { default: library } = await katex
    library.render(tex, element, { displayMode: isDisplay, throwOnError: true, trust: false, maxSize: 20, maxExpand: 500 })
  } catch (cause) {
    katex = cause instanceof TypeError ? undefined : katex
    element.textContent = tex
    element.classList.add('not-shown')
    element.title = cause instanceof Error ? cause.message : String(cause)
  }
}

/** Shows a diagram in an element. */
export async function renderDiagram(element: HTMLElement, text: string): Promise<void> {
  mermaid ??= import('mermaid')
  try {
    const { default: library } = await mermaid
    library.initialize({ startOnLoad: false, securityLevel: 'strict', theme: isDark() ? 'dark' : 'neutral', fontFamily: 'inherit', suppressErrorRendering: true })
    const { svg } = await library.render(`codex-diagram-${++count}`, text)
    const { default: purify } = await import('dompurify')
    element.innerHTML = purify.sanitize(svg, { USE_PROFILES: { svg: true, svgFilters: true, html: true }, ADD_TAGS: ['foreignObject'], HTML_INTEGRATION_POINTS: { foreignobject: true } })
  } catch (cause) {
    element.textContent = text
    element.classList.add('not-shown')
    element.title = cause instanceof Error ? cause.message : String(cause)
  }
}
