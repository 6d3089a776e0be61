/**
 * Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream) from lines, and
 * following them over restarts of the daemon. Node has an EventSource behind a flag only, and one that cannot send a token.
 */
import type { Client, EventQuery } from './client.ts'
import type { CliIo } from './command.ts'
import { isRecord, parseObject } from './connection.ts'
import { isPassing } from './refusals.ts'

export interface StreamEvent {
  /** Of the feed's types (domain/feed.ts), or gap, service, service_gone; newer daemons may know more. */
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Where a reader is: the id that the daemon named last. */
export interface Position {
  id: string | null
}

/** Keeps `position` up to date: an id without an event counts as well. What is no JSON object is left out. */
export async function* readEvents(
  lines: AsyncIterable<string>,
  position: Position,
): AsyncGenerator<StreamEvent> {
  let type = ''
  let data: string[] = []
  for await (const raw of lines) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line === '') {
      const value = parseObject(data.join('\n'))
      if (isRecord(value)) yield { type: type || 'message', data: value }
      type = ''
      data = []
      continue
    }
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/u.exec(line) ?? []
    if (field === 'event') type = value
    else if (field === 'data') data.push(value)
    else if (field === 'id') position.id = value
  }
}

export interface Watcher {
  /** The daemon does not answer any more. Told once for each time. */
  lost(): void
  /** It does again. */
  back(): void
}

/** Milliseconds between two attempts: what the daemon itself tells browsers (admin/sse.ts). */
const RETRY = 2_000

/**
 * Events until `signal`. Where the stream ends, or the daemon with it, it comes back for what it has missed. Rejects with CliError
 * when it cannot be read in the first place, or not any more (another token, a service that is gone).
 */
export async function* followEvents(
  client: Pick<Client, 'events'>,
  io: Pick<CliIo, 'setTimer'>,
  query: EventQuery,
  signal: AbortSignal,
  watcher: Watcher,
): AsyncGenerator<StreamEvent> {
  const position: Position = { id: null }
  let connected = false
  let isLost = false
  while (!signal.aborted) {
    try {
      const lines = await client.events(query, { after: position.id, signal })
      if (isLost) watcher.back()
      connected = true
      isLost = false
      yield* readEvents(lines, position)
    } catch (error) {
      if (signal.aborted) return
      if (!connected || !isPassing(error)) throw error
    }
    if (signal.aborted) return
    if (!isLost) watcher.lost()
    isLost = true
    await pause(io, RETRY, signal)
  }
}

function pause(io: Pick<CliIo, 'setTimer'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = io.setTimer(ms, resolve)
    signal.addEventListener(
      'abort',
      () => {
        timer.cancel()
        resolve()
      },
      { once: true },
    )
  })
}
