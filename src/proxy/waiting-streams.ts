/**
 * The event streams that waiting pages follow a wake by. They are looks from outside: no lease, no hold, no wake and no activity. What
 * they are told is read from the service when something has happened, and a few times a second while anybody listens, as the
 * steps within a wake are no events of the feed.
 */
import type { ServerResponse } from 'node:http'
import type { Feed } from '../domain/feed.ts'
import type { Gate } from '../domain/gate.ts'
import type { Clock, Timer } from '../domain/ports.ts'
import type { Told } from './waiting-page.ts'
import type { WaitingView } from './waiting-view.ts'

export interface StreamsOptions {
  readonly clock: Clock
  readonly follow: Feed['follow']
  readonly look: (gate: Gate) => WaitingView
}

/** Streams at once: of one service, so that none takes the others' place; and of all. One costs some 20 KB. */
const MOST_OF_ONE = 200
const MOST = 1_000
/** Milliseconds between two looks. */
const PACE = 250
/** Milliseconds: what is between here and the browser may close a connection that is silent for 30 s. */
const HEARTBEAT = 15_000
/** Milliseconds after which a browser comes back when the stream has ended. */
const RETRY = 2_000
/** Bytes that a listener may leave unread: an event has 300, so it has not read for an hour. */
const MOST_UNREAD = 65_536

/** The page that a stream is for. */
export interface Follower {
  /** Puts what is seen into its words. */
  readonly told: (view: WaitingView) => Told
  /** Whether its address still leads to the gate: of one that a reload has taken out of force nothing is ever heard again. */
  readonly leads: () => boolean
}

interface Stream extends Follower {
  readonly res: ServerResponse
  /** What it was told last, but for how long it takes. */
  state: string
  at: number
}

export class WaitingStreams {
  readonly #options: StreamsOptions
  readonly #streams = new Map<Gate, Set<Stream>>()
  #count = 0
  #timer: Timer | null = null
  #unfollow: (() => void) | null = null

  constructor(options: StreamsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#count
  }

  /** Whether there is room for another one. */
  hasRoom(gate: Gate): boolean {
    return this.#count < MOST && (this.#streams.get(gate)?.size ?? 0) < MOST_OF_ONE
  }

  /** Answers with the stream, which begins with the present state. */
  open(gate: Gate, res: ServerResponse, follower: Follower): void {
    const stream: Stream = { ...follower, res, state: '', at: 0 }
    const streams = this.#streams.get(gate) ?? new Set()
    this.#streams.set(gate, streams.add(stream))
    this.#count++
    res.once('close', () => {
      this.#count--
      streams.delete(stream)
      if (streams.size === 0 && this.#streams.get(gate) === streams) this.#streams.delete(gate)
      if (this.#count === 0) this.#rest()
    })
    // X-Accel-Buffering is what nginx, and others after it, are told by not to collect what is to arrive at once.
    const headers = {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    }
    res.writeHead(200, { ...headers, 'X-Content-Type-Options': 'nosniff' })
    res.write(`retry: ${RETRY}\n\n`)
    this.#unfollow ??= this.#options.follow((event) => {
      if (!('service' in event)) return
      const removed = event.type === 'service_removed'
      // Not from within the core, which is in the middle of something.
      queueMicrotask(() => this.#happened(event.service, removed))
    })
    this.#look(gate)
    this.#timer ??= this.#options.clock.setTimer(PACE, this.#tick)
  }

  /** Ends them all. */
  close(): void {
    for (const streams of this.#streams.values()) for (const { res } of streams) res.end()
  }

  #rest(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#unfollow?.()
    this.#unfollow = null
  }

  readonly #tick = (): void => {
    this.#timer = this.#options.clock.setTimer(PACE, this.#tick)
    for (const gate of this.#streams.keys()) this.#look(gate)
  }

  #happened(service: string, removed: boolean): void {
    for (const [gate, streams] of this.#streams) {
      if (gate.service.name !== service) continue
      // Whoever comes back is led to the service that has taken its place, if there is one.
      if (removed) for (const { res } of streams) res.end()
      else this.#look(gate)
    }
  }

  #look(gate: Gate): void {
    const view = this.#options.look(gate)
    const now = this.#options.clock.now()
    const state = `${view.phase} ${view.reason}`
    for (const stream of this.#streams.get(gate) ?? []) {
      const { res } = stream
      if (res.writableEnded || res.destroyed) continue
      // Whoever comes back is led to what is there now.
      if (!stream.leads()) {
        res.end()
        continue
      }
      if (stream.state === state && now - stream.at < HEARTBEAT) continue
      stream.state = state
      stream.at = now
      res.write(`event: state\ndata: ${JSON.stringify(stream.told(view))}\n\n`)
      // The page leaves now, and has no more use for it.
      if (view.phase === 'ready') res.end()
      else if (res.writableLength > MOST_UNREAD) res.destroy()
    }
  }
}
