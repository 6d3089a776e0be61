/**
 * HTTP to the admin API: an answer as an object, or lines as they come. It makes sure that what answers is WakeDock's admin
 * API, and turns everything else into an error that says what to do (refusals.ts).
 */
import { Agent, request } from 'undici'
import { adminAddress, readToken } from './admin-address.ts'
import type { Arguments, CliIo } from './command.ts'
import {
  behindProxy,
  notOurs,
  otherVersion,
  refused,
  Unreachable,
  unreachable,
  wrongSide,
} from './refusals.ts'

export interface Connection {
  /** For messages. */
  readonly base: string
  /**
   * Resolves to the object that it answers. `patient`: the answer comes when a wake or a sleep has ended, and the daemon bounds
   * that. Rejects with ApiError for what the API refuses, with CliError for everything else.
   */
  readonly ask: (
    method: Method,
    path: string,
    options?: { body?: object; patient?: boolean },
  ) => Promise<unknown>
  /**
   * Lines of an answer of this media type, without their ends, as they come; they end when the daemon ends them, or at
   * `signal`. Rejects like ask(); reading throws Unreachable when the answer breaks off.
   */
  readonly stream: (path: string, accept: string, options?: StreamOptions) => Promise<AsyncIterable<string>>
  /** What is wrong where an answer is not what this version expects. */
  readonly misunderstood: () => Promise<Error>
  readonly close: () => Promise<void>
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface StreamOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Milliseconds of silence after which it is taken for broken. Default 0: never. */
  readonly silence?: number
}

/** Milliseconds until a connection is made, and until an answer begins. The daemon answers at once what it is not to wait for. */
const CONNECT_TIMEOUT = 5_000
const ANSWER_TIMEOUT = 10_000

/** Makes no connection yet. Throws CliError when the address or the token cannot be used. */
export async function connectTo(args: Arguments, io: CliIo): Promise<Connection> {
  const address = adminAddress(args, io)
  const { base, origin, socketPath } = address
  const token = await readToken(args, io)
  const dispatcher = new Agent({
    headersTimeout: ANSWER_TIMEOUT,
    bodyTimeout: 0,
    connect: { timeout: CONNECT_TIMEOUT, ...(socketPath === null ? {} : { socketPath }) },
  })

  const send = (
    method: Method,
    path: string,
    {
      body,
      patient = false,
      accept = 'application/json',
      headers = {},
      signal,
      silence = 0,
    }: StreamOptions & { body?: object; patient?: boolean; accept?: string },
  ) =>
    request(`${origin}${path}`, {
      dispatcher,
      method,
      headers: {
        ...headers,
        accept,
        ...(token.value === null ? {} : { authorization: `Bearer ${token.value}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(patient ? { headersTimeout: 0 } : {}),
      ...(signal === undefined ? {} : { signal }),
      bodyTimeout: silence,
    }).catch((error: unknown) => {
      throw unreachable(address, error)
    })

  type Answer = Awaited<ReturnType<typeof send>>

  const read = async ({ body, headers, statusCode }: Answer): Promise<unknown> => {
    const text = await body.text().catch((error: unknown) => {
      throw unreachable(address, error)
    })
    // RFC 9209: only the proxy's side says this, and never when it has passed on an answer of another program.
    if (String(headers['proxy-status'] ?? '').startsWith('WakeDock;')) throw wrongSide(base)
    const parsed = parseObject(text)
    const isOurs = parsed !== null && (statusCode < 400 || String(parsed['code']).startsWith('WAKEDOCK_'))
    if (!isOurs && viaUs(headers)) throw wrongSide(base)
    if (!isOurs) throw FROM_PROXY.has(statusCode) ? behindProxy(base, statusCode) : notOurs(base)
    if (statusCode < 400) return parsed
    // A path that every daemon of this version has.
    const unknown = ['WAKEDOCK_NOT_FOUND', 'WAKEDOCK_METHOD_NOT_ALLOWED'].includes(String(parsed['code']))
    if (unknown) throw await misunderstood()
    throw refused(base, statusCode, parsed, token)
  }

  const misunderstood = async (): Promise<Error> => {
    try {
      const { body, headers } = await send('GET', '/api/v1/system/overview', {})
      const answer = parseObject(await body.text())
      const version = answer?.['version']
      if (typeof version === 'string') return otherVersion(base, version, io.version)
      if (String(answer?.['code']).startsWith('WAKEDOCK_')) return otherVersion(base, null, io.version)
      return viaUs(headers) ? wrongSide(base) : notOurs(base)
    } catch {
      return notOurs(base)
    }
  }

  return {
    base,
    ask: async (method, path, options = {}) => read(await send(method, path, options)),
    async stream(path, accept, options = {}) {
      const answer = await send('GET', path, { ...options, accept })
      const type = String(answer.headers['content-type']).split(';', 1)[0]
      if (answer.statusCode === 200 && type === accept) return linesOf(answer.body, base, options.signal)
      // No stream, so what is wrong; or another program.
      await read(answer)
      throw await misunderstood()
    },
    misunderstood,
    // Not close(): a stream that was left is of no more use to anybody, and would keep it waiting.
    close: () => dispatcher.destroy(),
  }
}

/** What a reverse proxy says of a daemon that is away: RFC 9110 sections 15.6.3 to 15.6.5. */
const FROM_PROXY: ReadonlySet<number> = new Set([502, 503, 504])

/** An answer that came through WakeDock's proxy: the services' side of it. */
function viaUs(headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  return /(^|[\s,])wakedock\b/u.test(String(headers['via'] ?? ''))
}

async function* linesOf(
  body: AsyncIterable<Uint8Array>,
  base: string,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (error) {
    if (signal?.aborted === true) return
    const why = error instanceof Error ? error.message : String(error)
    throw new Unreachable(`the answer of ${base} broke off: ${why}`)
  }
}

/** null: it is no JSON, or no object. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

/** A plain object, as JSON has them. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
