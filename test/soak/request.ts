/** One request of each kind, and what its client saw. The client judges the answer itself; why one failed is judged later. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Agent, Dispatcher } from 'undici'
import { hostOf } from '../integration/wakedock.ts'
import type { Random } from './random.ts'

export type Kind =
  'get' | 'head' | 'post' | 'order' | 'put' | 'upload' | 'stream' | 'sse' | 'socket' | 'leave'

export type Outcome =
  | { readonly type: 'answered' }
  /** WakeDock said no. */
  | { readonly type: 'refused'; readonly status: number; readonly code: string }
  /** The connection broke, and the client could tell. */
  | { readonly type: 'cut'; readonly why: string }
  /** The client left on purpose. */
  | { readonly type: 'left' }
  /** An answer that looks complete and is not right. */
  | { readonly type: 'wrong'; readonly why: string }
  /** No end in sight. */
  | { readonly type: 'silent' }

/** What happens while it lasts. */
export interface Watch {
  /** The head of the answer is there. */
  answering(): void
  /** Ends it from outside; its reason is `leave` or `silent`. */
  readonly signal: AbortSignal
}

/** All that is random about a request, drawn before it is sent. */
export interface Draft {
  readonly id: string
  readonly service: string
  readonly kind: Kind
  readonly body: Buffer | null
  /** Seconds of a stream, tenths of a second of an event stream, messages of a socket. */
  readonly length: number
  /** Milliseconds after which the client leaves; null: it stays. */
  readonly leaveAfter: number | null
}

const APP_KINDS: Readonly<Record<Kind, number>> = {
  get: 6,
  head: 1,
  post: 4,
  order: 4,
  put: 2,
  upload: 2,
  stream: 2,
  sse: 1,
  socket: 2,
  leave: 2,
}

export function draft(random: Random, id: string, service: string, simple: boolean): Draft {
  const kind = simple ? 'get' : random.weighted(APP_KINDS)
  const size = random.chance(0.1) ? random.int(65_536, 1_048_576) : random.int(0, 8192)
  const length = random.int(1, 5)
  const leaveAfter = kind === 'leave' ? random.int(0, 1500) : null
  const withBody = kind === 'post' || kind === 'order' || kind === 'put' || kind === 'upload'
  return { id, service, kind, body: withBody ? randomBytes(size) : null, length, leaveAfter }
}

/** Milliseconds that it takes of its own will. */
export function ownTime({ kind, length }: Draft): number {
  if (kind === 'upload') return 1000
  return kind === 'stream' || kind === 'order' || kind === 'socket' || kind === 'leave'
    ? length * 1000
    : length * 100
}

/** Sends an ordinary request. Never rejects. */
export async function send(agent: Agent, origin: string, draft: Draft, watch: Watch): Promise<Outcome> {
  const { kind, body, length } = draft
  const headers = { host: hostOf(draft.service), 'x-request-id': draft.id }
  const [method, path] = line(kind, length)
  try {
    const answer = await agent.request({
      origin,
      path,
      method,
      headers,
      body: body === null ? null : kind === 'upload' ? Readable.from(drip(body)) : body,
      signal: watch.signal,
    })
    watch.answering()
    const chunks: Buffer[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    return judge(draft, answer, Buffer.concat(chunks))
  } catch (error) {
    return broken(error, watch.signal)
  }
}

function line(kind: Kind, length: number): [Dispatcher.HttpMethod, string] {
  switch (kind) {
    case 'post':
    case 'upload':
      return ['POST', '/echo']
    // The app has executed it long before it answers: who tries it again executes it twice.
    case 'order':
      return ['POST', `/echo?ms=${length * 500}`]
    case 'put':
      return ['PUT', '/echo']
    case 'stream':
    case 'leave':
      return ['GET', `/stream?seconds=${length}`]
    case 'sse':
      return ['GET', `/sse?events=${length}`]
    case 'head':
      return ['HEAD', '/']
    default:
      return ['GET', '/']
  }
}

/** Ten pieces in a second, of unknown length. */
async function* drip(body: Buffer): AsyncGenerator<Buffer> {
  const piece = Math.ceil(body.length / 10)
  for (let at = 0; at < body.length; at += piece) {
    yield body.subarray(at, at + piece)
    await delay(100)
  }
}

type Answer = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>

function judge({ kind, body, length }: Draft, { statusCode, headers }: Answer, got: Buffer): Outcome {
  const own = refusal(statusCode, headers['proxy-status'], got)
  if (own !== null) return own
  if (statusCode !== 200) return wrong(`status ${statusCode}: ${got.subarray(0, 200).toString()}`)
  const right = wanted(kind, length, body)
  if (right !== null && !got.equals(right)) {
    return wrong(`${got.length} bytes of body, not the ${right.length} that were right`)
  }
  return { type: 'answered' }
}

/** null: any will do. */
function wanted(kind: Kind, length: number, body: Buffer | null): Buffer | null {
  const lines = (count: number, line: (n: number) => string): string =>
    Array.from({ length: count }, (_, n) => line(n)).join('')
  switch (kind) {
    case 'stream':
    case 'leave':
      return Buffer.from(`${lines(length * 10, (n) => `chunk ${n}\n`)}end\n`)
    case 'sse':
      return Buffer.from(lines(length, (n) => `id: ${n}\ndata: event ${n}\n\n`))
    case 'head':
      return Buffer.alloc(0)
    default:
      return body
  }
}

/** An answer that WakeDock made itself. A HEAD has the status, and no body to read the code from. */
export function refusal(status: number, proxyStatus: unknown, body: Buffer): Outcome | null {
  if (typeof proxyStatus !== 'string' || !proxyStatus.startsWith('WakeDock; error=')) return null
  const [, code = `HEAD ${status}`] = /"code":"(\w+)"/.exec(body.toString()) ?? []
  return { type: 'refused', status, code }
}

export function broken(error: unknown, signal: AbortSignal): Outcome {
  if (signal.aborted) return signal.reason === 'leave' ? { type: 'left' } : { type: 'silent' }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return { type: 'cut', why: code || String(error) }
}

function wrong(why: string): Outcome {
  return { type: 'wrong', why }
}
