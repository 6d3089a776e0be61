/**
 * One try to deliver a message, and what its outcome means. undici is loaded with the first one: most daemons have no webhooks, and
 * it costs several megabytes.
 */
import type { Dispatcher, request } from 'undici'
import type { Clock } from '../domain/ports.ts'
import type { Message } from './message.ts'

export type Outcome =
  | { readonly kind: 'delivered' }
  /** Another try may do better. `after`: milliseconds that the receiver asks to wait; null: it says nothing. */
  | { readonly kind: 'later'; readonly why: string; readonly after: number | null }
  /** No try will. */
  | { readonly kind: 'refused'; readonly why: string }

/** Never rejects. `why` is a clause, and never names the address. */
export type Send = (message: Message, signal: AbortSignal) => Promise<Outcome>

/** Milliseconds for a whole try. */
const TIMEOUT = 10_000
/** Of an answer, bytes that are read so that its connection can be used again. Nothing of it is looked at. */
const BODY_LIMIT = 16_384

/** Statuses of the fourth hundred after which another try makes sense: RFC 9110 section 15.5.9, RFC 6585 section 4. */
const PASSING = new Set([408, 429])

export function createSend(clock: Clock): { readonly send: Send; readonly close: () => Promise<void> } {
  let loaded: Promise<Client> | null = null
  return {
    async send({ url, headers, body }, signal) {
      const late = new AbortController()
      const timer = clock.setTimer(TIMEOUT, () => late.abort())
      try {
        loaded ??= load()
        const client = await loaded
        const answer = await client.request(url, {
          dispatcher: client.dispatcher,
          method: 'POST',
          headers,
          body,
          signal: AbortSignal.any([signal, late.signal]),
        })
        await answer.body.dump({ limit: BODY_LIMIT }).catch(() => undefined)
        return judge(answer.statusCode, answer.headers['retry-after'], clock.wallTime())
      } catch (error) {
        const why = late.signal.aborted ? `no answer within ${TIMEOUT / 1000} s` : failureOf(error)
        return { kind: 'later', why, after: null }
      } finally {
        timer.cancel()
      }
    },
    async close() {
      const client = await loaded
      loaded = null
      await client?.dispatcher.close()
    },
  }
}

interface Client {
  readonly request: typeof request
  readonly dispatcher: Dispatcher
}

async function load(): Promise<Client> {
  const { Agent, request } = await import('undici')
  // Two hooks of one host may send at the same time; a hook never sends two events.
  return { request, dispatcher: new Agent({ connections: 2, connect: { timeout: TIMEOUT } }) }
}

function judge(status: number, retryAfter: string | string[] | undefined, now: number): Outcome {
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  if (status >= 300 && status < 400)
    return {
      kind: 'refused',
      why: `it answers ${status}, a redirect, and none is followed: write the address that it leads to`,
    }
  const why = `it answers ${status}`
  if (status < 500 && !PASSING.has(status)) return { kind: 'refused', why }
  return { kind: 'later', why, after: waitOf(retryAfter, now) }
}

/** RFC 9110 section 10.2.3: seconds, or a date. Discord sends fractions of seconds. */
function waitOf(header: string | string[] | undefined, now: number): number | null {
  if (typeof header !== 'string') return null
  const seconds = Number(header)
  const wait = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000
  return wait >= 0 ? wait : null
}

/** By its code: messages may hold addresses. */
function failureOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its host name is not known'
    case '':
      return 'the connection failed'
    default:
      return `the connection failed (${code})`
  }
}
