/** What the server refused, in the words of its answer. */

export interface Fault {
  field: string
  message: string
}

interface Body {
  error?: string
  detail?: string
  fields?: Fault[]
  current_hash?: string
}

export class Failure extends Error {
  /** `status` is that of HTTP; 0 where there was no answer. */
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly faults: Fault[] = [],
    readonly currentHash?: string,
  ) {
    super(detail)
    this.name = 'Failure'
  }

  static of(status: number, body: unknown): Failure {
    const said: Body = typeof body === 'object' && body !== null ? body : {}
    const detail = said.detail ?? `the server answered ${status} without a reason`
    return new Failure(status, said.error ?? 'unknown', detail, said.fields ?? [], said.current_hash)
  }
}

/** A sentence for people. */
export function sentence(cause: unknown): string {
  if (cause instanceof Failure && cause.faults.length > 0) {
    return cause.faults.map((fault) => capital(`${fault.field}: ${fault.message}`)).join('. ') + '.'
  }
  const text = cause instanceof Error ? cause.message : String(cause)
  const begun = capital(text)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
