/**
 * The stream of events, kept open: read by fetch so that it carries the token, and opened again after every loss, from where it was.
 * A server says something every 15 s; one that is silent for longer has gone without a word (a laptop that slept, a cable).
 */
import type { Api } from './api.ts'
import { ApiError, sentencesOf, UNAUTHORIZED } from './api.ts'
import { createSseParser } from './sse.ts'

export interface LiveOptions {
  readonly api: Pick<Api, 'open'>
  /** The head of an answer has come: what was lost meanwhile is to be asked for. */
  readonly opened: () => void
  readonly heard: (type: string, data: unknown) => void
  /** It is to be tried again. why: what was answered instead of a stream, as sentences; empty: there was no answer, or it broke off. */
  readonly lost: (why: string) => void
}

/** Milliseconds without a sign of life. */
const SILENCE = 40_000
/** Milliseconds before the first, second … attempt to connect again; the last one from there on. */
const WAITS = [500, 1_000, 2_000, 4_000, 8_000]

/** Until the function returned is called, or the token is refused. */
export function followEvents(options: LiveOptions): () => void {
  const stop = new AbortController()
  void run(options, stop.signal)
  return () => stop.abort()
}

async function run({ api, opened, heard, lost }: LiveOptions, signal: AbortSignal): Promise<void> {
  let lastId: string | null = null
  let failures = 0
  while (!signal.aborted) {
    const silent = new AbortController()
    let why = ''
    let timer = setTimeout(() => silent.abort(), SILENCE)
    try {
      const response = await api.open(`api/v1/events?services=true${lastId === null ? '&replay=true' : ''}`, {
        headers: { accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) },
        signal: AbortSignal.any([signal, silent.signal]),
      })
      opened()
      failures = 0
      const parser = createSseParser(lastId)
      for await (const text of textOf(response)) {
        clearTimeout(timer)
        timer = setTimeout(() => silent.abort(), SILENCE)
        for (const { type, data } of parser.push(text)) heard(type, JSON.parse(data))
        lastId = parser.lastId
      }
    } catch (error) {
      // The page asks for another token, and begins anew with it.
      if (error instanceof ApiError && error.code === UNAUTHORIZED) return
      if (error instanceof ApiError && error.status > 0) why = sentencesOf(error)
    } finally {
      clearTimeout(timer)
    }
    if (signal.aborted) return
    lost(why)
    await pause(WAITS[Math.min(failures, WAITS.length - 1)] ?? 0, signal)
    failures++
  }
}

/** The body as it comes. Not every browser can iterate over a stream. */
export async function* textOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) return
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    // Whoever stops reading hangs up.
    await reader.cancel().catch(() => undefined)
  }
}

/** Shorter where the browser has found the network again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      removeEventListener('online', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    addEventListener('online', done)
    signal.addEventListener('abort', done)
  })
}
