/**
 * One reader of /api/v1/events: what it has asked for of the past, what happens from now on, and, if it likes, what the
 * services look like. It is given no more than it takes: what waits for it are references to events that the feed keeps anyway,
 * and of a service that changes again and again it sees the last view only.
 */
import type { FastifyReply } from 'fastify'
import type { Feed, FeedEvent } from '../domain/feed.ts'
import type { Clock } from '../domain/ports.ts'
import { viewEvent } from './event-view.ts'
import type { ServiceLooks } from './service-looks.ts'
import type { ServiceView } from './service-view.ts'
import { openSse, type Sse } from './sse.ts'

export interface EventStreamParts {
  readonly clock: Pick<Clock, 'setTimer'>
  readonly feed: Pick<Feed, 'after' | 'follow' | 'last'>
  readonly looks: ServiceLooks
}

export interface EventStreamOptions {
  /** Id of the last event that the reader knows; null: everything that is in memory; undefined: nothing of the past. */
  readonly after: string | null | undefined
  /** Only what concerns this service; null: everything. */
  readonly service: string | null
  /** Only events of these types; null: of all. */
  readonly types: ReadonlySet<string> | null
  /** What the services look like as well. */
  readonly services: boolean
  /** Called once, however it ended. */
  readonly ended: () => void
}

/**
 * Bytes of what has happened since it connected that may wait for a reader. With more it is cut, and can come back for what it
 * has missed. What it has asked for of the past is not counted: it may well be more, and is in memory for everybody.
 */
const MAX_BEHIND = 1024 * 1024

interface Queued {
  readonly event: FeedEvent
  /** Bytes, roughly; 0 for what is of the past. */
  readonly size: number
}

/** Sends the head and what is to be sent at once. The function returned ends the stream properly. */
export function streamEvents(
  reply: FastifyReply,
  { clock, feed, looks }: EventStreamParts,
  options: EventStreamOptions,
): () => void {
  const { after, service, types } = options
  const replay = after === undefined ? null : feed.after(after)
  /** What is still to be written, oldest first. */
  let queue: Queued[] = (replay?.events ?? []).filter(concerns).map((event) => ({ event, size: 0 }))
  /** Where the reader will be when the queue is empty. */
  let position = feed.last
  let behind = 0
  /** The views as the reader has them. */
  const seen = new Map<string, ServiceView>()
  const unfollow: (() => void)[] = []

  const sse: Sse = openSse(reply, {
    clock,
    lastId: () => (queue.length === 0 ? position : null),
    drained() {
      pump()
      if (options.services) pumpServices()
    },
    ended: () => {
      for (const stop of unfollow) stop()
      queue = []
      options.ended()
    },
  })

  function concerns(event: FeedEvent): boolean {
    const hasService = 'service' in event ? event.service : null
    return (service === null || hasService === service) && (types === null || types.has(event.type))
  }

  function pump(): void {
    let written = 0
    for (const { event, size } of queue) {
      if (!sse.ready) break
      sse.write({ id: event.id, event: event.type, data: viewEvent(event) })
      behind -= size
      written++
    }
    queue = queue.slice(written)
  }

  /** Nothing is sent twice, and nothing old: what a blocked reader has missed it gets in its last form. */
  function pumpServices(): void {
    for (const view of looks.current.values()) {
      if (!sse.ready) return
      if (seen.get(view.name) === view || (service !== null && view.name !== service)) continue
      seen.set(view.name, view)
      sse.write({ event: 'service', data: view })
    }
    for (const name of seen.keys()) {
      if (!sse.ready) return
      if (looks.current.has(name)) continue
      seen.delete(name)
      sse.write({ event: 'service_gone', data: { name } })
    }
  }

  if (replay?.complete === false) sse.write({ event: 'gap', data: {} })
  unfollow.push(
    feed.follow((event) => {
      position = event.id
      if (!concerns(event)) return
      const size = JSON.stringify(event).length
      queue.push({ event, size })
      behind += size
      pump()
      if (behind > MAX_BEHIND) sse.cut()
    }),
  )
  pump()
  if (options.services) {
    unfollow.push(looks.follow(pumpServices))
    pumpServices()
  }
  return () => sse.end()
}
