/**
 * The way to the admin API: one function that asks, with the token of this tab, and errors that are sentences. Addresses are
 * relative to the page, so that it also works behind a proxy that serves it under a path.
 */

/** The code of what takes a token, or another one. A 401 alone may be that of a proxy, which no token of ours would help with. */
export const UNAUTHORIZED = 'WAKEDOCK_UNAUTHORIZED'

/** An answer that is no success, or none at all (status 0). */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  /** A sentence with the remedy; empty: the message says it all. */
  readonly hint: string
  /** What is wrong with a config. */
  readonly faults: readonly string[]

  constructor(
    status: number,
    code: string,
    message: string,
    { hint = '', faults = [] }: { hint?: string; faults?: readonly string[] } = {},
  ) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.hint = hint
    this.faults = faults
  }
}

export interface AskOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Sent as JSON. */
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface Api {
  /** The answer, if it is a success. Rejects with ApiError; or with the signal's reason. */
  open(path: string, options?: AskOptions): Promise<Response>
  /** Its JSON, of the form that the contract gives it. */
  ask<T>(path: string, options?: AskOptions): Promise<T>
}

/** `token`: of this tab, null: none. `refused`: it is not, or no longer, a valid one, or one is needed. */
export function createApi(token: () => string | null, refused: (error: ApiError) => void): Api {
  const open: Api['open'] = async (path, { method = 'GET', body, headers = {}, signal } = {}) => {
    const bearer = token()
    const init: RequestInit = {
      method,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      },
      // What is live must not come out of a cache. WakeDock has no cookies; who asks for a login in front of it may.
      cache: 'no-store',
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }
    const response = await send(path, init, signal)
    if (response.ok) return response
    const error = await readProblem(response)
    // Only the present token's refusal counts: an answer may come after somebody has logged in anew.
    if (error.code === UNAUTHORIZED && token() === bearer) refused(error)
    throw error
  }
  return {
    open,
    async ask<T>(path: string, options?: AskOptions) {
      const response = await open(path, options)
      // Not checked: the page and the API come from one place, so they are of one version.
      const body: T = await response.json()
      return body
    },
  }
}

/** @throws ApiError of status 0: there was no answer. */
async function send(path: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(new URL(path, document.baseURI), init)
  } catch (error) {
    if (signal?.aborted === true) throw error
    throw new ApiError(0, 'UNREACHABLE', 'WakeDock does not answer.', {
      hint: 'See that it runs and that this address leads to it; nothing was ordered, or nobody knows how it ended.',
    })
  }
}

/** problem+json (RFC 9457), or whatever a proxy in between has made of it. */
export async function readProblem(response: Response): Promise<ApiError> {
  const { status, statusText } = response
  const body: unknown = await response.json().catch(() => null)
  if (typeof body !== 'object' || body === null || !('code' in body))
    return new ApiError(status, 'UNKNOWN', `The answer was ${status} ${statusText}`.trim() + '.', {
      hint: 'It is not one of WakeDock: look at the proxy in front of it.',
    })
  const problem: Readonly<Record<string, unknown>> = { ...body }
  const word = (name: string): string => (typeof problem[name] === 'string' ? problem[name] : '')
  const faults = Array.isArray(problem['faults']) ? problem['faults'].map(String) : []
  // The title says what could not be done, the detail why.
  const [title, detail] = [word('title'), word('detail')]
  const message = faults.length > 0 || detail === '' ? `${title}.` : sentence(detail)
  return new ApiError(status, word('code'), message, { hint: word('hint'), faults })
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

/** Whatever was thrown, as one or two sentences. */
export function sentencesOf(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error)
  // The API's detail often ends with the hint already.
  const hint = error.message.includes(error.hint) ? '' : error.hint
  return [error.message, hint].filter(Boolean).join(' ')
}
