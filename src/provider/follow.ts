/**
 * Keeps the promise of order in domain/ports.ts, for every provider: no status is told while a verb (start, stop) is
 * under way, and none that was asked for before a verb began or settled is told after it. A status that lags behind a
 * verb is the classic bug of this trade: the service that was just started is taken for stopped, and stopped.
 *
 * The device is one counter a target, its epoch: it moves when a verb begins and when it has settled, and an answer
 * whose question is from another epoch is thrown away and asked for again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Clock, ProviderListener, TargetStatus, Timer } from '../domain/ports.ts'
import type { Target } from '../domain/service.ts'

export interface Observation {
  readonly status: TargetStatus
  /** Equal marks in a row are one observation, told once: engines send several events for one change. */
  readonly mark: string
}

export interface FollowOptions<T extends Target> {
  /** Asks the outside. Rejects when it cannot; the question is then asked again. */
  readonly ask: (target: T) => Promise<Observation>
  readonly clock: Clock
  /** Questions under way at once: 1,000 watched containers must not swamp an engine that has just come back. */
  readonly limit: number
}

interface Entry<T> {
  target: T
  watched: boolean
  /** Verbs under way or waiting for their turn. */
  verbs: number
  epoch: number
  /** It may have changed since it was last asked about. */
  wanted: boolean
  asking: boolean
  /** Mark of the last status told; null: whatever comes next is news. */
  told: string | null
  /** Settles when the last verb has settled and that is known here. */
  tail: Promise<void>
  retry: Timer | null
}

/** After a question that failed while the provider as a whole answers. */
const RETRY_MS = 1000

export class Follower<T extends Target> {
  readonly #options: FollowOptions<T>
  readonly #entries = new Map<string, Entry<T>>()
  readonly #queue = new Set<Entry<T>>()
  #listener: ProviderListener | null = null
  #open = false
  #asking = 0

  constructor(options: FollowOptions<T>) {
    this.#options = options
  }

  /** Follows exactly these from now on. New and changed ones are asked about at once, if open. */
  watch(targets: readonly T[], listener: ProviderListener): void {
    this.#listener = listener
    const wanted = new Set(targets.map((target) => target.key))
    for (const entry of this.#entries.values()) {
      if (!wanted.has(entry.target.key)) this.#unwatch(entry)
    }
    for (const target of targets) {
      const entry = this.#entry(target)
      // Every reload makes new objects; only what is in them is a reason to ask again.
      if (entry.watched && isDeepStrictEqual(entry.target, target)) continue
      Object.assign(entry, { target, watched: true, told: null })
      this.#want(entry)
    }
  }

  /** The provider answers (again): every watched target is asked about, and its status told whatever it is. */
  resync(): void {
    this.#open = true
    for (const entry of this.#entries.values()) {
      entry.told = null
      this.#want(entry)
    }
  }

  /** The provider does not answer: asks and tells nothing until resync(). */
  suspend(): void {
    this.#open = false
    this.#queue.clear()
    for (const entry of this.#entries.values()) entry.retry?.cancel()
  }

  /** These may have changed. */
  changed(matches: (target: T) => boolean): void {
    for (const entry of this.#entries.values()) if (matches(entry.target)) this.#want(entry)
  }

  /** Runs a verb. Verbs on one target run one after the other. */
  verb<R>(target: T, run: () => Promise<R>): Promise<R> {
    const entry = this.#entry(target)
    entry.verbs += 1
    entry.epoch += 1
    const result = entry.tail.then(run)
    // Only after every microtask: by then the caller has seen its verb settle, through however many wrappers.
    const settled = async (): Promise<void> => {
      await nextTurn()
      this.#settle(entry)
    }
    entry.tail = result.then(settled, settled)
    return result
  }

  /** The present status: never one from before a verb that has settled. Waits for a verb under way. */
  async inspect(target: T): Promise<TargetStatus> {
    for (;;) {
      await this.#entries.get(target.key)?.tail
      const epoch = this.#entries.get(target.key)?.epoch
      const { status } = await this.#options.ask(target)
      if (this.#entries.get(target.key)?.epoch === epoch) return status
    }
  }

  close(): void {
    this.suspend()
    this.#listener = null
    for (const entry of this.#entries.values()) this.#unwatch(entry)
  }

  #entry(target: T): Entry<T> {
    let entry = this.#entries.get(target.key)
    if (entry === undefined) {
      const blank = {
        watched: false,
        verbs: 0,
        epoch: 0,
        wanted: false,
        asking: false,
        told: null,
        retry: null,
      }
      entry = { ...blank, target, tail: Promise.resolve() }
      this.#entries.set(target.key, entry)
    }
    return entry
  }

  #unwatch(entry: Entry<T>): void {
    entry.watched = false
    entry.retry?.cancel()
    this.#queue.delete(entry)
    if (entry.verbs === 0) this.#entries.delete(entry.target.key)
  }

  #settle(entry: Entry<T>): void {
    entry.verbs -= 1
    entry.epoch += 1
    entry.told = null
    this.#pump(entry)
  }

  #want(entry: Entry<T>): void {
    entry.wanted = true
    this.#pump(entry)
  }

  #pump(entry: Entry<T>): void {
    if (!this.#open || !entry.watched || !entry.wanted || entry.asking || entry.verbs > 0) return
    if (this.#asking >= this.#options.limit) {
      this.#queue.add(entry)
      return
    }
    this.#asking += 1
    entry.asking = true
    void this.#observe(entry)
  }

  /** Never rejects. */
  async #observe(entry: Entry<T>): Promise<void> {
    const { epoch, target } = entry
    entry.wanted = false
    let seen: Observation | null = null
    try {
      seen = await this.#options.ask(target)
    } catch {
      // Why it failed shows where the connection is watched; here it only means: not known yet.
      entry.wanted = true
    }
    this.#asking -= 1
    entry.asking = false
    if (entry.watched && this.#open) {
      if (seen === null) this.#retryLater(entry)
      else if (entry.epoch !== epoch || entry.target !== target) this.#want(entry)
      else {
        this.#tell(entry, seen)
        this.#pump(entry)
      }
    } else {
      entry.wanted = true
    }
    for (const next of this.#queue) {
      if (this.#asking >= this.#options.limit) break
      this.#queue.delete(next)
      this.#pump(next)
    }
  }

  #tell(entry: Entry<T>, { status, mark }: Observation): void {
    if (entry.told === mark) return
    entry.told = mark
    this.#listener?.status(entry.target, status)
  }

  #retryLater(entry: Entry<T>): void {
    entry.retry?.cancel()
    entry.retry = this.#options.clock.setTimer(RETRY_MS, () => this.#pump(entry))
  }
}
