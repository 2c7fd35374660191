/** Where the marks of an axis stand, and where points do. */

export interface Axis {
  from: number
  to: number
  marks: number[]
}

/** Round numbers over a range: about `count` of them. */
export function axisOf(values: number[], count = 5): Axis {
  let from = Infinity
  let to = -Infinity
  for (const value of values) {
    if (value < from) from = value
    if (value > to) to = value
  }
  if (from > to) return { from: 0, to: 1, marks: [0, 1] }
  if (from === to) {
    from -= Math.abs(from) / 2 || 1
    to += Math.abs(to) / 2 || 1
  }
  const raw = (to - from) / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw) ?? raw
  const first = Math.floor(from / step)
  const last = Math.ceil(to / step)
  const marks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step)
  return { from: first * step, to: last * step, marks }
}

export function markText(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential(1).replace('.0e', 'e')
  return String(Number(value.toPrecision(6)))
}

/** Fewer points of the same look: in each part of the line its lowest and its highest. */
export function thinned(points: [number, number][], most: number): [number, number][] {
  if (points.length <= most) return points
  const size = Math.ceil(points.length / (most / 2))
  const kept: [number, number][] = []
  for (let at = 0; at < points.length; at += size) {
    const part = points.slice(at, at + size)
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a))
    const high = part.reduce((a, b) => (b[1] > a[1] ? b : a))
    kept.push(...(low === high ? [low] : part.indexOf(low) < part.indexOf(high) ? [low, high] : [high, low]))
  }
  return kept
}
