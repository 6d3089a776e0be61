/**
 * The connection to Docker's events: one filtered stream for all containers, kept up by reconnecting. An event says only
 * that something may have changed and for whom; the state itself is always asked for, because events can be
 * late, doubled or, after a reconnect, missing. Subscribing comes before asking, so that nothing falls in between.
 */
import { IncomingMessage } from '../../node-http.ts'
import { toTargetError } from '../../errors.ts'
import type { TargetError } from '../../errors.ts'
import type { Clock } from '../../domain/ports.ts'
import { delay } from '../delay.ts'
import type { Engine, EventFilters } from './engine.ts'

/** Of everything an event carries: what happened, and to whom. */
export interface Change {
  /** `die`, or `health_status: healthy`. */
  readonly action: string
  /** A container's labels, and a few more of Docker's own. */
  readonly labels: Readonly<Record<string, string>>
  /** Ids and names, old and new ones. */
  readonly names: readonly string[]
}

export interface EventsOptions {
  readonly engine: Engine
  readonly clock: Clock
  /** Subscribed: what is asked from now on is not older than the stream. */
  readonly onUp: () => void | Promise<void>
  /** It cannot be reached. Once per outage, the first attempt included. */
  readonly onLost: (error: TargetError) => void
  readonly onChange: (change: Change) => void
  /** From time to time, in case an event was lost on the way. */
  readonly onCheck: () => void
}

/** Milliseconds between attempts: the first, doubled up to the last. A socket that is not there costs nothing to ask for. */
const RETRY_FIRST = 250
const RETRY_LAST = 1000
/** A stream that lasted this long ended by chance (proxies cut long answers): it is reopened without a wait. */
const STEADY = 5000
/** An idle stream looks just like a dead one: the engine is pinged, and its containers are asked about again. */
const PING_EVERY = 30_000
const PINGS_PER_CHECK = 10

/**
 * Everything after which a container may run or not, have another name, another address or another health. `stop` and
 * `kill` are left out: `die` comes with them. `health_status` stands for all of its values (moby: daemon/events/filter.go).
 */
const FILTERS: EventFilters = {
  type: ['container', 'network'],
  event: [
    'create',
    'start',
    'restart',
    'die',
    'pause',
    'unpause',
    'rename',
    'destroy',
    'connect',
    'disconnect',
    'health_status',
    'oom',
  ],
}

/** Follows the events until the signal aborts. Never rejects. */
export async function followEvents(options: EventsOptions, signal: AbortSignal): Promise<void> {
  const { engine, clock } = options
  let lost = false
  let pause = 0
  while (!signal.aborted) {
    await delay(clock, pause, signal)
    if (signal.aborted) return
    const stop = new AbortController()
    const whole = AbortSignal.any([signal, stop.signal])
    let openedAt: number | null = null
    try {
      await engine.connect()
      const stream = await engine.events(FILTERS, whole)
      openedAt = clock.now()
      lost = false
      if (stream instanceof IncomingMessage) stream.socket.setKeepAlive(true, PING_EVERY)
      await options.onUp()
      void beat(options, stop)
      for await (const line of lines(stream)) {
        const change = parse(line)
        if (change !== null) options.onChange(change)
      }
    } catch (error) {
      if (openedAt === null && !lost && !signal.aborted) {
        lost = true
        options.onLost(toTargetError(error, 'unreachable'))
      }
    }
    stop.abort()
    const steady = openedAt !== null && clock.now() - openedAt >= STEADY
    pause = steady
      ? 0
      : openedAt !== null
        ? RETRY_FIRST
        : Math.min(Math.max(pause * 2, RETRY_FIRST), RETRY_LAST)
  }
}

/** Pings until the stream's controller aborts, and aborts it when there is no answer. Never rejects. */
async function beat({ engine, clock, onCheck }: EventsOptions, stream: AbortController): Promise<void> {
  for (let count = 1; ; count += 1) {
    await delay(clock, PING_EVERY, stream.signal)
    if (stream.signal.aborted) return
    try {
      await engine.ping()
    } catch {
      stream.abort()
      return
    }
    if (count % PINGS_PER_CHECK === 0) onCheck()
  }
}

async function* lines(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  stream.setEncoding('utf8')
  let rest = ''
  for await (const chunk of stream) {
    const [...complete] = (rest + String(chunk)).split('\n')
    rest = complete.pop() ?? ''
    yield* complete
  }
}

/** What an event says; null for a line that cannot be read. */
export function parse(line: string): Change | null {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    return null
  }
  const actor = field(event, 'Actor')
  const labels = textsOf(field(actor, 'Attributes'))
  // For a network's events `container` is the container's id, and the actor is the network.
  const found = [field(actor, 'ID'), labels['name'], labels['oldName'], labels['container']]
  const names = found.filter((name) => typeof name === 'string').map((name) => name.replace(/^\//, ''))
  const action = field(event, 'Action')
  return names.length === 0 ? null : { action: typeof action === 'string' ? action : '', labels, names }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined
}

function textsOf(value: unknown): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, text] of Object.entries(value ?? {})) if (typeof text === 'string') texts[name] = text
  return texts
}
