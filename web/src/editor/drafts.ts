/**
 * What was typed and not yet saved, kept in the browser (IndexedDB) so that it outlives the tab and the server. Each tab
 * has drafts of its own; those of a tab that is gone, or of a page that was left, are offered to whoever opens the note next.
 */

export interface Draft {
  id: string
  note: string
  tab: string
  text: string
  /** What it was typed over. */
  baseText: string
  baseHash: string
  /** Milliseconds since 1970. */
  at: number
}

const DATABASE = 'codex-drafts'
const STORE = 'drafts'
const TAB = crypto.randomUUID()

let opened: Promise<IDBDatabase> | undefined

function database(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' }).createIndex('note', 'note')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('no database'))
  })
  return opened
}

async function on<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await database()
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(STORE, mode)
    const request = work(transaction.objectStore(STORE))
    transaction.oncomplete = () => resolve(request.result)
    transaction.onabort = () => reject(transaction.error ?? new Error('the draft was not kept'))
  })
}

/** Held as long as the tab lives, so that others know whose drafts are nobody's. */
function nameOfTab(tab: string): string {
  return `codex-tab-${tab}`
}
if (typeof navigator !== 'undefined' && 'locks' in navigator) {
  void navigator.locks.request(nameOfTab(TAB), () => new Promise(() => undefined))
}

/** The name of a note among drafts: other people of one browser see none of it. */
export function noteKey(user: number, workspace: number, notebook: number, path: string): string {
  return `${user}:${workspace}:${notebook}:${path}`
}

/** Openings of notes in this tab: their drafts are being worked on. */
const working = new Set<string>()

/** One opening of a note, with one draft. */
export function beginDraft(): string {
  const opening = crypto.randomUUID()
  working.add(opening)
  return opening
}

export function endDraft(opening: string): void {
  working.delete(opening)
}

export async function keepDraft(opening: string, note: string, text: string, base: { text: string; hash: string }): Promise<void> {
  const draft: Draft = { id: opening, note, tab: TAB, text, baseText: base.text, baseHash: base.hash, at: Date.now() }
  await on('readwrite', (store) => store.put(draft))
}

export async function dropDraft(opening: string): Promise<void> {
  await on('readwrite', (store) => store.delete(opening))
}

export async function dropDrafts(drafts: Draft[]): Promise<void> {
  for (const draft of drafts) await dropDraft(draft.id)
}

/** Drafts of a note that nobody is working on, the newest first. */
export async function draftsOf(note: string): Promise<Draft[]> {
  const all = await on('readonly', (store) => store.index('note').getAll(note) as IDBRequest<Draft[]>)
  const alive = new Set('locks' in navigator ? ((await navigator.locks.query()).held ?? []).map((lock) => lock.name) : [])
  const isLeft = (draft: Draft) => (draft.tab === TAB ? !working.has(draft.id) : !alive.has(nameOfTab(draft.tab)))
  return all.filter(isLeft).sort((a, b) => b.at - a.at)
}
