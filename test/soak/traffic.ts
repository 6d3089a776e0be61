/**
 * The visitors. Each service has its own: bursts, and pauses in between that are often just as long as its idle timeout, so that
 * requests meet stops.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import { HOLD_TIMEOUT, type ServicePlan } from './plans.ts'
import { Random } from './random.ts'
import { draft, ownTime, send, type Draft, type Kind, type Outcome } from './request.ts'
import { talk } from './socket.ts'

/** A request from its client's side. Times are milliseconds since the epoch. */
export interface Sent {
  readonly id: string
  readonly service: string
  readonly kind: Kind
  readonly begin: number
  /** When the head of the answer was there; null: never. */
  readonly head: number | null
  readonly end: number
  readonly outcome: Outcome
}

/** All services together. */
const AT_ONCE = 50

/**
 * Longer than any way of failing takes: the hold, and the 30 s after which exchanges with a run that no longer takes requests are
 * cut (src/proxy/pools.ts). In milliseconds.
 */
export const PATIENCE = HOLD_TIMEOUT * 1000 + 45_000

export class Traffic {
  readonly #seed: number
  readonly #port: number
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connections: 200 })
  readonly #open = new Set<Promise<void>>()
  readonly sent: Sent[] = []

  constructor(seed: number, port: number) {
    this.#seed = seed
    this.#port = port
  }

  get inFlight(): number {
    return this.#open.size
  }

  /** Visits it until `stop`. `idle` tells its present idle timeout in seconds. */
  async visit(service: ServicePlan, idle: () => number, stop: AbortSignal): Promise<void> {
    const random = new Random(this.#seed, `visitors of ${service.name}`)
    const simple = service.name === 'checked'
    for (let n = 0; !stop.aborted;) {
      const burst: Promise<void>[] = []
      for (let left = random.int(1, 6); left > 0 && !stop.aborted; left--) {
        const next = draft(random, `${service.name}-${n++}`, service.name, simple)
        while (this.#open.size >= AT_ONCE) await Promise.race(this.#open)
        burst.push(this.#begin(next))
        await pause(random.int(0, 100), stop)
      }
      if (random.chance(0.6)) await Promise.all(burst)
      await pause(pauseAfter(random, idle() * 1000), stop)
    }
  }

  /** Resolves when every request has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#open)
    await this.#agent.close()
  }

  #begin(draft: Draft): Promise<void> {
    const done = this.#follow(draft).finally(() => this.#open.delete(done))
    this.#open.add(done)
    return done
  }

  async #follow(draft: Draft): Promise<void> {
    const { id, service, kind, leaveAfter } = draft
    const begin = Date.now()
    let head: number | null = null
    const ending = new AbortController()
    const timers = [setTimeout(() => ending.abort('silent'), PATIENCE + ownTime(draft))]
    if (leaveAfter !== null) timers.push(setTimeout(() => ending.abort('leave'), leaveAfter))
    const watch = { signal: ending.signal, answering: () => void (head ??= Date.now()) }
    const outcome =
      kind === 'socket'
        ? await talk(this.#port, draft, watch)
        : await send(this.#agent, `http://127.0.0.1:${this.#port}`, draft, watch)
    for (const timer of timers) clearTimeout(timer)
    this.sent.push({ id, service, kind, begin, head, end: Date.now(), outcome })
  }
}

/** Milliseconds. */
function pauseAfter(random: Random, idle: number): number {
  const length = random.next()
  // Around the moment in which the service goes to sleep: the idle time counts from the end of the last request.
  if (length < 0.4) return idle + random.int(-40, 400)
  if (length < 0.6) return random.int(0, idle)
  return idle + random.int(500, 6000)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(Math.max(0, ms), undefined, { signal }).catch(() => undefined)
}
