/** Paths within a notebook, and addresses of pages. */

export function parentOf(path: string): string {
  const at = path.lastIndexOf('/')
  return at < 0 ? '' : path.slice(0, at)
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function extensionOf(path: string): string {
  const name = nameOf(path)
  const at = name.lastIndexOf('.')
  return at <= 0 ? '' : name.slice(at + 1).toLowerCase()
}

/** The name without its extension. */
export function stemOf(path: string): string {
  const name = nameOf(path)
  const at = name.lastIndexOf('.')
  return at <= 0 ? name : name.slice(0, at)
}

export function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** Whether a path is a folder or lies below it. */
export function isBelow(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`)
}

/** The path as one goes from a folder to it: `../data/x.csv`. */
export function relative(from: string, to: string): string {
  const a = from === '' ? [] : from.split('/')
  const b = to.split('/')
  let same = 0
  while (same < a.length && same < b.length - 1 && a[same] === b[same]) same++
  return [...a.slice(same).map(() => '..'), ...b.slice(same)].join('/')
}

/** What is wrong with a name for a file or folder; `undefined` where nothing is. */
export function faultOfName(name: string): string | undefined {
  if (name.trim() === '') return 'A name is needed.'
  if (name === '.' || name === '..') return 'That name means a folder itself.'
  if (name.includes('/')) return 'A name has no slash in it.'
  if (name === '.codex' || name === '.git') return 'That folder is kept for the history.'
  if (new TextEncoder().encode(name).length > 255) return 'The name is too long: 255 bytes at most.'
  return undefined
}

/** The address of a note, a folder or a view. */
export function addressOf(workspace: string, notebook: string, path: string, heading = ''): string {
  const parts = path === '' ? '' : `/${path.split('/').map(encodeURIComponent).join('/')}`
  const hash = heading === '' ? '' : `#${encodeURIComponent(heading)}`
  return `/w/${workspace}/${notebook}${parts}${hash}`
}
