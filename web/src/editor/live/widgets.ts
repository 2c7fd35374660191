/** What stands in place of Markdown while the cursor is elsewhere. */
import type { EditorView } from '@codemirror/view'
import { WidgetType } from '@codemirror/view'

import { renderDiagram, renderMath } from '../heavy'
import { noteContext } from './context'

/** Of one kind, those of the same words are the same: what is drawn stays. */
export abstract class Shown extends WidgetType {
  constructor(readonly words: string) {
    super()
  }

  override eq(other: WidgetType): boolean {
    return other instanceof Shown && other.constructor === this.constructor && other.words === this.words
  }
}

/** What is drawn a moment after its text is there; a click leads into the text. */
abstract class Drawn extends Shown {
  protected draw(view: EditorView, element: HTMLElement, text: string, work: (element: HTMLElement) => Promise<void>): HTMLElement {
    element.textContent = text
    void work(element).then(() => view.requestMeasure())
    return element
  }

  override ignoreEvent(): boolean {
    return false
  }
}

export class TaskBox extends Shown {
  constructor(readonly isDone: boolean) {
    super(isDone ? 'x' : '')
  }

  override toDOM(view: EditorView): HTMLElement {
    const box = document.createElement('input')
    box.type = 'checkbox'
    box.checked = this.isDone
    box.className = 'cm-task'
    box.disabled = view.state.readOnly
    box.setAttribute('aria-label', 'Task done')
    box.onmousedown = (event) => event.preventDefault()
    box.onclick = (event) => {
      event.preventDefault()
      const at = view.posAtDOM(box)
      view.dispatch({ changes: { from: at + 1, to: at + 2, insert: this.isDone ? ' ' : 'x' }, userEvent: 'input' })
    }
    return box
  }
}

export class Bullet extends Shown {
  constructor() {
    super('')
  }

  override toDOM(): HTMLElement {
    const dot = document.createElement('span')
    dot.className = 'cm-bullet'
    dot.textContent = '•'
    return dot
  }
}

export class Rule extends Shown {
  constructor() {
    super('')
  }

  override toDOM(): HTMLElement {
    const line = document.createElement('span')
    line.className = 'cm-rule'
    return line
  }
}

export class Picture extends Shown {
  constructor(
    readonly source: string,
    readonly alt: string,
  ) {
    super(`${source}\n${alt}`)
  }

  override toDOM(view: EditorView): HTMLElement {
    const url = view.state.facet(noteContext).imageUrl(this.source)
    const frame = document.createElement('span')
    frame.className = 'cm-picture'
    if (url === undefined) {
      frame.classList.add('away')
      frame.textContent = `Picture of another site, not loaded: ${this.source}`
      return frame
    }
    const image = document.createElement('img')
    image.src = url
    image.alt = this.alt
    image.loading = 'lazy'
    image.onload = () => view.requestMeasure()
    image.onerror = () => {
      frame.classList.add('away')
      frame.textContent = `There is no picture ${this.source}`
    }
    frame.append(image)
    return frame
  }
}

export class Formula extends Drawn {
  constructor(
    readonly tex: string,
    readonly isDisplay: boolean,
  ) {
    super(`${isDisplay ? '$$' : '$'}${tex}`)
  }

  override toDOM(view: EditorView): HTMLElement {
    const element = document.createElement('span')
    element.className = this.isDisplay ? 'cm-formula display' : 'cm-formula'
    return this.draw(view, element, this.tex, (at) => renderMath(at, this.tex, this.isDisplay))
  }
}

export class Diagram extends Drawn {
  override toDOM(view: EditorView): HTMLElement {
    const element = document.createElement('div')
    element.className = 'cm-diagram'
    return this.draw(view, element, this.words, (at) => renderDiagram(at, this.words))
  }
}

/** The head of a note, by the names of its properties. */
export class Head extends Shown {
  override toDOM(view: EditorView): HTMLElement {
    const button = document.createElement('button')
    button.className = 'cm-head'
    button.type = 'button'
    button.textContent = this.words === '' ? 'Properties' : `Properties: ${this.words}`
    button.title = 'Edit the properties as text'
    button.onmousedown = (event) => event.preventDefault()
    button.onclick = () => {
      const line = Math.min(2, view.state.doc.lines)
      view.dispatch({ selection: { anchor: view.state.doc.line(line).from }, scrollIntoView: true })
      view.focus()
    }
    return button
  }
}
