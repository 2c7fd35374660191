/** A notebook of Jupyter (nbformat 3 and 4), as what is to be shown of it. */

export interface Output {
  kind: 'text' | 'image' | 'error'
  /** Text, or the address of a picture within itself. */
  value: string
}

export interface Cell {
  kind: 'markdown' | 'code' | 'raw'
  text: string
  count: number | null
  outputs: Output[]
}

export interface Jupyter {
  language: string
  cells: Cell[]
}

type Json = Record<string, unknown>

function joined(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join('')
  return typeof value === 'string' ? value : ''
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Colours of a terminal are left out. */
 
const COLOURS = /\u001b\[[0-9;]*[A-Za-z]/g

function outputOf(output: unknown): Output[] {
  if (!isJson(output)) return []
  if (output.output_type === 'error' || output.output_type === 'pyerr') {
    return [{ kind: 'error', value: joined((output.traceback as unknown[] | undefined)?.map((line) => `${String(line)}\n`)).replace(COLOURS, '') }]
  }
  if (output.output_type === 'stream') return [{ kind: 'text', value: joined(output.text).replace(COLOURS, '') }]
  const bundle = isJson(output.data) ? output.data : output
  for (const type of ['image/png', 'image/jpeg', 'png', 'jpeg']) {
    const bytes = joined(bundle[type]).replace(/\s/g, '')
    if (/^[A-Za-z0-9+/=]+$/.test(bytes)) return [{ kind: 'image', value: `data:image/${type.replace('image/', '')};base64,${bytes}` }]
  }
  const text = joined(bundle['text/plain'] ?? bundle.text)
  return text === '' ? [] : [{ kind: 'text', value: text.replace(COLOURS, '') }]
}

function cellOf(cell: unknown): Cell[] {
  if (!isJson(cell)) return []
  const kind = cell.cell_type === 'markdown' || cell.cell_type === 'heading' ? 'markdown' : cell.cell_type === 'code' ? 'code' : 'raw'
  const count = typeof cell.execution_count === 'number' ? cell.execution_count : typeof cell.prompt_number === 'number' ? cell.prompt_number : null
  const words = joined(cell.source ?? cell.input)
  const text = cell.cell_type === 'heading' ? `${'#'.repeat(Number(cell.level) || 1)} ${words}` : words
  return [{ kind, text, count, outputs: Array.isArray(cell.outputs) ? cell.outputs.flatMap(outputOf) : [] }]
}

/** Throws where it is none. */
export function readJupyter(text: string): Jupyter {
  const read: unknown = JSON.parse(text)
  if (!isJson(read)) throw new Error('the file is no notebook of Jupyter: an object is expected')
  const sheets = Array.isArray(read.worksheets) ? (read.worksheets as unknown[]).filter(isJson).flatMap((sheet) => (Array.isArray(sheet.cells) ? (sheet.cells as unknown[]) : [])) : []
  const cells = Array.isArray(read.cells) ? (read.cells as unknown[]) : sheets
  const metadata = isJson(read.metadata) ? read.metadata : {}
  const info = isJson(metadata.language_info) ? metadata.language_info : isJson(metadata.kernelspec) ? { name: metadata.kernelspec.language } : {}
  return { language: typeof info.name === 'string' ? info.name : 'python', cells: cells.flatMap(cellOf) }
}
