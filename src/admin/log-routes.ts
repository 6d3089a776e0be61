/**
 * GET /api/v1/services/{name}/logs: what a service prints, streamed. It is read no faster than the client takes it and no longer
 * than the client stays, and counts as no use of the service. Logs may hold secrets, so it takes a token that may operate.
 */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ServerResponse } from 'node:http'
import type { XStatic } from 'typebox/schema'
import type { Control, ServiceSnapshot } from '../domain/gate.ts'
import type { Clock, Insight } from '../domain/ports.ts'
import { TargetError } from '../errors.ts'
import { callerOf } from './access.ts'
import { mergeLogs, type PartLine } from './log-merge.ts'
import type { OpenStreams } from './open-streams.ts'
import { AdminError, knownService } from './problems.ts'
import { Params } from './schemas.ts'

const Query = {
  type: 'object',
  properties: {
    tail: {
      type: 'string',
      pattern: '^[0-9]{1,5}$',
      description: 'So many of the last lines first, of each part. Default 100.',
    },
    follow: { enum: ['true', 'false'], description: 'true: then those to come, until the client leaves.' },
  },
  additionalProperties: false,
} as const

export interface LogRouteParts {
  readonly control: Pick<Control, 'get'>
  readonly insight: Pick<Insight, 'logs'>
  readonly streams: OpenStreams
  readonly clock: Clock
  readonly log: { warn(fields: object, message: string): void }
}

const TAIL = '100'
/**
 * Milliseconds. So long a log may be refused with a proper answer; one that says nothing until then has only nothing to say. Also
 * how long the parts of a stack are waited for, so that what they said in the past comes in order.
 */
const SETTLED = 300
/** Milliseconds between signs of life that the kernel asks of a silent client: what is gone must not hold a log for ever. */
const KEEP_ALIVE = 60_000

const NDJSON = 'application/x-ndjson'
const TEXT = 'text/plain; charset=utf-8'

export function logRoutes(
  app: FastifyInstance,
  { control, insight, streams, clock, log }: LogRouteParts,
): void {
  const settled = (): Promise<void> => new Promise((resolve) => void clock.setTimer(SETTLED, resolve))

  app.get<{ Params: XStatic<typeof Params>; Querystring: XStatic<typeof Query> }>(
    '/api/v1/services/:name/logs',
    { config: { scope: 'operate' }, schema: { params: Params, querystring: Query } },
    async (request, reply) => {
      const { tail = TAIL, follow } = request.query
      const snapshot = knownService(control.get(request.params.name), request.params.name)
      const json = request.headers.accept?.includes(NDJSON) === true
      const headers = {
        'content-type': json ? NDJSON : TEXT,
        // nginx would keep lines back until they fill a buffer.
        'x-accel-buffering': 'no',
        vary: 'accept',
      }
      refuseUrl(snapshot)
      if (request.method === 'HEAD') return reply.headers(headers).send()

      const stop = new AbortController()
      const { signal } = stop
      const end = (): void => stop.abort()
      const leave = streams.open(callerOf(request.raw), 'operate', end)
      const { socket } = request.raw
      // The answer to a pipelined request has no socket of its own yet, and hears nothing of its end.
      socket.once('close', end)
      if (socket.destroyed) end()
      try {
        const options = { tail: Number(tail), follow: follow === 'true', signal }
        const lines = mergeLogs(
          logsOf(snapshot).map(({ part, target }) => ({ part, lines: insight.logs(target, options) })),
          settled,
        )
        const first = lines.next()
        await Promise.race([first, settled()])
        const response = openResponse(reply, headers, options.follow)
        try {
          await copy(first, lines, json ? toJson : toText, response, signal)
        } catch (error) {
          // The head is sent: a body that breaks off is all that can be said now.
          log.warn({ event: 'logs_failed', service: snapshot.name }, `${snapshot.name}: ${sentence(error)}`)
          breakOff(response)
        }
      } catch (error) {
        throw toProblem(error)
      } finally {
        socket.off('close', end)
        stop.abort()
        leave()
      }
      return reply
    },
  )
}

function refuseUrl({ name, service: { target } }: ServiceSnapshot): void {
  if (target.kind !== 'url') return
  throw new AdminError(
    'WAKEDOCK_NO_LOGS',
    `${name} is a url, which only its own host has the log of. Read it there.`,
  )
}

/** Of a stack, its parts; its target itself has none. */
function logsOf({ name, service: { target }, parts }: ServiceSnapshot) {
  if (target.kind !== 'group') return [{ part: null, target }]
  if (parts.length > 0) return parts.map((part) => ({ part: part.name, target: part.target }))
  throw new AdminError(
    'WAKEDOCK_NO_LOGS',
    `The parts of ${name} are not known: Docker has not listed them. See that the project has containers (docker compose up --no-start).`,
  )
}

function openResponse(reply: FastifyReply, headers: Record<string, string>, follow: boolean): ServerResponse {
  const { raw: response } = reply
  reply.hijack()
  // An idle connection after it would only hold up the end of WakeDock.
  const all = { ...reply.getHeaders(), ...headers, ...(follow ? { connection: 'close' } : {}) }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) response.setHeader(name, value)
  response.writeHead(200)
  response.flushHeaders()
  response.socket?.setKeepAlive(true, KEEP_ALIVE)
  // A client that has gone is no error; its socket's close ends the log.
  response.on('error', () => undefined)
  return response
}

/** Line by line, at the pace of the client. Rejects with what is wrong with the log. */
async function copy(
  first: Promise<IteratorResult<PartLine>>,
  lines: AsyncIterator<PartLine>,
  encode: (line: PartLine) => string,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const close = (): void => {
    // What is stuck would hold up the end of WakeDock until its deadline.
    if (response.writableNeedDrain) response.destroy()
    else if (!response.writableEnded) response.end()
  }
  // At once: the next line may be a long time coming. It may also have happened while the first one was waited for.
  if (signal.aborted) close()
  else signal.addEventListener('abort', close)
  for (let next = await first; next.done !== true && !signal.aborted; next = await lines.next())
    if (!response.write(encode(next.value))) await drained(response, signal)
  if (signal.aborted) return
  signal.removeEventListener('abort', close)
  response.end()
}

/** After the lines that are on their way, but without the end that a whole body has. */
function breakOff(response: ServerResponse): void {
  if (response.writableNeedDrain) response.destroy()
  else response.socket?.destroySoon()
}

/** Also when nothing drains any more. */
function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done)
    signal.addEventListener('abort', done)
  })
}

function toJson({ at, stream, text, part }: PartLine): string {
  const time = at === null ? null : new Date(at).toISOString()
  return `${JSON.stringify({ at: time, stream, text, ...(part === null ? {} : { part }) })}\n`
}

function toText({ text, part }: PartLine): string {
  return part === null ? `${text}\n` : `${part.slice(part.indexOf('/') + 1)} | ${text}\n`
}

function toProblem(error: unknown): unknown {
  if (!(error instanceof TargetError)) return error
  const { reason, hint } = error
  return new AdminError('WAKEDOCK_LOGS_FAILED', sentence(error), { extensions: { reason, hint } })
}

function sentence(error: unknown): string {
  if (error instanceof TargetError) return `${error.message}. ${error.hint}`
  return error instanceof Error ? error.message : String(error)
}
