/** Where cards lie on a board: the note itself says so, in `corkboard_position`. */
import type { File } from '@/api/client'

export interface Place {
  x: number
  y: number
}

export const PROPERTY = 'corkboard_position'
export const CARD = { width: 200, height: 116 }
/** Cards lie on a grid of so many pixels, so that they stand in line. */
export const STEP = 20
const GAP = 20
const FARTHEST = 10_000

export function placeOf(file: File): Place | undefined {
  const at = file.properties[PROPERTY]
  if (typeof at !== 'object' || at === null) return undefined
  const { x, y } = at as { x?: unknown; y?: unknown }
  return typeof x === 'number' && typeof y === 'number' && Number.isFinite(x) && Number.isFinite(y) ? inBounds({ x, y }) : undefined
}

/** No card is out of reach. */
export function inBounds({ x, y }: Place): Place {
  const within = (value: number) => Math.min(FARTHEST, Math.max(0, value))
  return { x: within(x), y: within(y) }
}

export function snapped({ x, y }: Place): Place {
  return inBounds({ x: Math.round(x / STEP) * STEP, y: Math.round(y / STEP) * STEP })
}

/**
 * Places of all. A card without one lies in the row and column of its number, so that it stays where it is when another is
 * moved; where one was put upon that, it goes behind the last.
 */
export function spread(files: File[], width: number): Map<string, Place> {
  const places = new Map<string, Place>()
  for (const file of files) {
    const place = placeOf(file)
    if (place) places.set(file.ref, place)
  }
  const put = [...places.values()]
  const columns = Math.max(1, Math.floor((width - GAP) / (CARD.width + GAP)))
  const cell = (index: number) => ({ x: GAP + (index % columns) * (CARD.width + GAP), y: GAP + Math.floor(index / columns) * (CARD.height + GAP) })
  const isFree = (at: Place) => !put.some(({ x, y }) => Math.abs(x - at.x) < CARD.width && Math.abs(y - at.y) < CARD.height)
  let behind = files.length
  for (const [index, file] of files.entries()) {
    if (places.has(file.ref)) continue
    let at = cell(index)
    while (!isFree(at)) at = cell(behind++)
    places.set(file.ref, at)
  }
  return places
}
