/** The order of names in the tree: letters without case, numbers by value. */

/** A text that compares as the name should, without a collator for each comparison. */
export function sortKey(name: string): string {
  return name
    .toLowerCase()
    .replace(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, '').padStart(16, '0'))
}

/** Where a key belongs in an ordered list. */
export function placeOf<T>(list: readonly T[], key: string, keyOf: (item: T) => string): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keyOf(list[middle] as T) < key) low = middle + 1
    else high = middle
  }
  return low
}
