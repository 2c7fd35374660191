/** Numbers as people say them. */

const number = new Intl.NumberFormat('en')

/** `1 file`, `1,200 files`. */
export function counted(count: number, thing: string): string {
  return `${number.format(count)} ${thing}${count === 1 ? '' : 's'}`
}
