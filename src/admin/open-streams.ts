/**
 * The answers of the admin API that have no end of their own: event streams and followed logs. Kept here so that there are
 * never too many of them, that they end when WakeDock does, and that they do not outlive the token they were opened with.
 */
import type { Scope } from '../config/settings.ts'
import type { Access, Caller } from './access.ts'
import { AdminError } from './problems.ts'

/** All together. A dashboard has one or two; each costs a connection and up to 1 MiB. */
const MAX_STREAMS = 64
/** Seconds. Whoever has none left may have one when a page somewhere is closed. */
const RETRY_AFTER = '10'

export interface OpenStreams {
  /**
   * Takes a place, before anything is sent. `end` is called at most once, when the stream must end for a reason of ours: it may
   * still say a proper end. The function returned gives the place back; calling it twice is fine. Throws AdminError
   * WAKEDOCK_TOO_MANY_STREAMS, and WAKEDOCK_SHUTTING_DOWN after close().
   */
  open(caller: Caller, scope: Scope, end: () => void): () => void
  /** After the tokens have changed: ends the streams of those who may not have them any more. */
  recheck(): void
  /** Ends them all, and those to come. */
  close(): void
}

interface Stream {
  readonly caller: Caller
  readonly scope: Scope
  readonly end: () => void
}

export function createOpenStreams(access: Pick<Access, 'holds'>): OpenStreams {
  const streams = new Set<Stream>()
  let closed = false

  const end = (stream: Stream): void => {
    // Not every end comes back to us, and none may be called twice.
    if (streams.delete(stream)) stream.end()
  }

  return {
    open(caller, scope, end) {
      if (closed) throw new AdminError('WAKEDOCK_SHUTTING_DOWN', 'Ask again when it is back.')
      if (streams.size >= MAX_STREAMS) {
        throw new AdminError(
          'WAKEDOCK_TOO_MANY_STREAMS',
          `${MAX_STREAMS} streams of events and logs are open, and more are not served. Close one (a page of the dashboard, say), then try again.`,
          { headers: { 'retry-after': RETRY_AFTER } },
        )
      }
      const stream = { caller, scope, end }
      streams.add(stream)
      return () => void streams.delete(stream)
    },
    recheck() {
      for (const stream of streams) if (!access.holds(stream.caller, stream.scope)) end(stream)
    },
    close() {
      closed = true
      for (const stream of streams) end(stream)
    },
  }
}
