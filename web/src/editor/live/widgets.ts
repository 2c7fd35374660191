/** What stands in place of Markdown while the cursor is elsewhere. */
import type { EditorView } from '@codemirror/view'
import { WidgetType } from '@codemirror/view'

import { renderDiagram, renderMath } from '../heavy'
import { noteContext } from './context'

export class TaskBox extends WidgetType {
  constructor(readonly isDone: boolean) {
    super()
  }

  override eq(other: TaskBox): boolean {
    return other.isDone === this.isDone
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

  override ignoreEvent(): boolean {
    return true
  }
}

export class Bullet extends WidgetType {
  override eq(): boolean {
    return true
  }

  override toDOM(): HTMLElement {
    const dot = document.createElement('span')
    dot.className = 'cm-bullet'
    dot.textContent = '•'
    return dot
  }
}

export class Rule extends WidgetType {
  override eq(): boolean {
    return true
  }

  override toDOM(): HTMLElement {
    const line = document.createElement('span')
    line.className = 'cm-rule'
    return line
  }
}

export class Picture extends WidgetType {
  constructor(
    readonly source: string,
    readonly alt: string,
  ) {
    super()
  }

  override eq(other: Picture): boolean {
    return other.source === this.source && other.alt === this.alt
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

export class Formula extends WidgetType {
  constructor(
    readonly tex: string,
    readonly isDisplay: boolean,
  ) {
    super()
  }

  override eq(other: Formula): boolean {
    return other.tex === this.tex && other.isDisplay === this.isDisplay
  }

  override toDOM(view: EditorView): HTMLElement {
    const element = document.createElement('span')
    element.className = this.isDisplay ? 'cm-formula display' : 'cm-formula'
    element.textContent = this.tex
    void renderMath(element, this.tex, this.isDisplay).then(() => view.requestMeasure())
    return element
  }

  override ignoreEvent(): boolean {
    return false
  }
}

export class Diagram extends WidgetType {
  constructor(readonly text: string) {
    super()
  }

  override eq(other: Diagram): boolean {
    return other.text === this.text
  }

  override toDOM(view: EditorView): HTMLElement {
    const element = document.createElement('div')
    element.className = 'cm-diagram'
    element.textContent = this.text
    void renderDiagram(element, this.text).then(() => view.requestMeasure())
    return element
  }

  override ignoreEvent(): boolean {
    return false
  }
}

export class Head extends WidgetType {
  constructor(readonly keys: string) {
    super()
  }

  override eq(other: Head): boolean {
    return other.keys === this.keys
  }

  override toDOM(view: EditorView): HTMLElement {
    const button = document.createElement('button')
    button.className = 'cm-head'
    button.type = 'button'
    button.textContent = this.keys === '' ? 'Properties' : `Properties: ${this.keys}`
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
