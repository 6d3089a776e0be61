/**
 * One open answer of Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html): its head, the form of
 * an event, a sign of life now and then, and whether the reader takes any more.
 */
import type { FastifyReply } from 'fastify'
import type { Clock, Timer } from '../domain/ports.ts'

export interface SseEvent {
  /** What the reader names to go on after it. Without: it does not count for that. */
  readonly id?: string
  readonly event: string
  readonly data: unknown
}

export interface Sse {
  /** false: what is written now would pile up; `drained` is called when that is over. */
  readonly ready: boolean
  write(event: SseEvent): void
  /** The proper end, unless the reader takes nothing: then it is cut. Either way it may connect again. */
  end(): void
  /** At once, whatever has not been sent yet. */
  cut(): void
}

export interface SseOptions {
  readonly clock: Pick<Clock, 'setTimer'>
  /** Id of the last event that concerns the reader, sent or not: from there it goes on after a lost connection. */
  readonly lastId: () => string | null
  readonly drained: () => void
  /** Called once, however it ended. */
  readonly ended: () => void
}

/** Milliseconds. Proxies and readers give up on a connection that stays silent, and a dead one is found out by writing. */
const HEARTBEAT = 15_000
/** Milliseconds after which a browser connects again. */
const RETRY = 2_000

/** The head of the answer, for HEAD as well. X-Accel-Buffering: nginx would keep events back until they fill a buffer. */
export const SSE_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }

/** Sends the head. From here on fastify has no part in the answer. */
export function openSse(reply: FastifyReply, { clock, lastId, drained, ended }: SseOptions): Sse {
  const response = reply.raw
  let told: string | null = null
  let timer: Timer

  /** Without data it is no event, but the reader remembers the id (section 9.2.6, "id" and an empty data buffer). */
  const position = (): string => {
    const id = lastId()
    if (id === null || id === told) return ''
    told = id
    return `id: ${id}\n`
  }

  const beat = (): void => {
    timer = clock.setTimer(HEARTBEAT, () => {
      if (!response.writableNeedDrain) response.write(`: awake\n${position()}\n`)
      beat()
    })
  }

  reply.hijack()
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...SSE_HEADERS }))
    if (value !== undefined) response.setHeader(name, value)
  response.writeHead(200)
  response.write(`retry: ${RETRY}\n${position()}\n`)
  response.on('drain', drained)
  response.on('close', () => {
    timer.cancel()
    ended()
  })
  // A reader that has gone is no error; 'close' follows.
  response.on('error', () => undefined)
  beat()

  return {
    get ready() {
      return !response.writableNeedDrain && !response.destroyed && !response.writableEnded
    },
    write({ id, event, data }) {
      if (response.destroyed || response.writableEnded) return
      if (id !== undefined) told = id
      const head = id === undefined ? '' : `id: ${id}\n`
      response.write(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    },
    end: () => void (response.writableNeedDrain ? response.destroy() : response.end()),
    cut: () => void response.destroy(),
  }
}
