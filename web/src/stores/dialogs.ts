/** Questions that actions ask: a name, a folder, whether it is meant. Each resolves with the answer, or `undefined`. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

export interface NameQuestion {
  kind: 'name'
  title: string
  label: string
  value: string
  button: string
  hint?: string
  /** How much of the value is selected: all of it, or what stands before the extension. */
  selectStem?: boolean
  check?: (name: string) => string | undefined
  /** Does it; what it throws is shown in the dialog, which stays. */
  run: (name: string) => Promise<void>
}

export interface FolderQuestion {
  kind: 'folder'
  title: string
  notebook: number
  folder: string
  run: (folder: string) => Promise<void>
}

export interface ConfirmQuestion {
  kind: 'confirm'
  title: string
  text: string
  /** What it is about, one a line. */
  items?: string[]
  button: string
  isDanger?: boolean
  /** Does it, and may say how far it is. */
  run: (say: (progress: string) => void) => Promise<void>
}

export interface TemplateQuestion {
  kind: 'template'
  title: string
  notebook: number
  folder: string
  /** The one that is chosen at first. */
  template?: string
  run: (made: { notebook: number; template: string; path: string | undefined }) => Promise<void>
}

export type Question = NameQuestion | FolderQuestion | ConfirmQuestion | TemplateQuestion

export const useDialogs = defineStore('dialogs', () => {
  const question = shallowRef<Question | null>(null)

  function ask(asked: Question): void {
    question.value = asked
  }

  function close(): void {
    question.value = null
  }

  return { question, ask, close }
})
