/**
 * One webhook: what waits for it, in order, and how often it is tried. A receiver that is away for a while misses nothing, one
 * that is away for long misses the oldest; neither costs more than a hundred events of memory.
 */
import type { Webhook } from '../config/settings.ts'
import type { Clock, Timer } from '../domain/ports.ts'
import type { Message } from './message.ts'
import type { Send } from './send.ts'
import type { Told } from './sentences.ts'

export interface HookOptions {
  readonly clock: Clock
  readonly send: Send
  readonly message: (hook: Webhook, event: Told) => Message
  /** One event has come to its end. */
  readonly counted: (outcome: 'delivered' | 'failed' | 'dropped') => void
  /** Something an admin should know: at most one complaint in TELL_EVERY. */
  readonly tell: (level: 'info' | 'warn', sentence: string) => void
  /** From 0 to 1. */
  readonly random: () => number
}

/** Events that wait. */
const QUEUE = 100
/**
 * Milliseconds before the second try and each one after it, give or take a quarter, so that receivers that come back are not met
 * by everybody at once. With the tries themselves some four minutes: a reboot of what receives.
 */
const PAUSES = [2_000, 10_000, 45_000, 120_000] as const
const TRIES = PAUSES.length + 1
/** What a receiver may ask to wait, at most. */
const LONGEST_PAUSE = 300_000
const TELL_EVERY = 600_000

export class Hook {
  readonly settings: Webhook
  readonly #options: HookOptions
  #queue: Told[] = []
  /** The delivery of the queue; null: there is nothing to do. */
  #work: Promise<void> | null = null
  readonly #stop = new AbortController()
  /** WakeDock ends: no pauses any more, and one try for each. */
  #hurry = false
  #pause: (() => void) | null = null
  /** Events lost since it was last told. */
  #lost = 0
  #toldAt: number | null = null
  /** And has not been told to be well since. */
  #complained = false

  constructor(settings: Webhook, options: HookOptions) {
    this.settings = settings
    this.#options = options
  }

  /** Returns at once. The oldest that waits makes room. */
  add(event: Told): void {
    if (this.#stop.signal.aborted) return
    this.#queue.push(event)
    if (this.#queue.length > QUEUE) {
      this.#queue.shift()
      this.#options.counted('dropped')
      this.#complain(`more than ${QUEUE} events wait for it, and the oldest are dropped`)
    }
    this.#work ??= this.#run()
  }

  /** Tries what waits once more, for `grace` milliseconds at most, and gives up the rest. Never rejects. */
  async close(grace: number): Promise<void> {
    this.#hurry = true
    this.#pause?.()
    const timer = this.#options.clock.setTimer(grace, () => this.drop())
    await this.#work
    timer.cancel()
    this.drop()
  }

  /** Gives up at once. */
  drop(): void {
    this.#stop.abort()
    this.#pause?.()
    while (this.#queue.shift() !== undefined) this.#options.counted('dropped')
  }

  async #run(): Promise<void> {
    // Not in the turn of whoever tells of the event: a request may wait for it.
    await Promise.resolve()
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift())
      this.#options.counted(await this.#deliver(event))
    this.#work = null
  }

  async #deliver(event: Told): Promise<'delivered' | 'failed' | 'dropped'> {
    const { send, message } = this.#options
    const { signal } = this.#stop
    for (let tries = 1; ; tries += 1) {
      const outcome = await send(message(this.settings, event), signal)
      if (outcome.kind === 'delivered') {
        this.#recovered()
        return 'delivered'
      }
      if (signal.aborted) return 'dropped'
      if (outcome.kind === 'refused' || tries === TRIES || this.#hurry) {
        this.#complain(outcome.why)
        return 'failed'
      }
      await this.#rest(tries, outcome.after ?? 0)
      if (signal.aborted) return 'dropped'
    }
  }

  #rest(tries: number, asked: number): Promise<void> {
    const { clock, random } = this.#options
    const own = (PAUSES[tries - 1] ?? 0) * (0.75 + random() / 2)
    const ms = Math.min(LONGEST_PAUSE, Math.max(asked, own))
    return new Promise((resolve) => {
      let timer: Timer | null = null
      const done = (): void => {
        timer?.cancel()
        this.#pause = null
        resolve()
      }
      this.#pause = done
      timer = clock.setTimer(ms, done)
    })
  }

  #complain(why: string): void {
    const { clock, tell } = this.#options
    this.#lost += 1
    if (this.#toldAt !== null && clock.now() - this.#toldAt < TELL_EVERY) return
    this.#toldAt = clock.now()
    this.#complained = true
    const events = this.#lost === 1 ? 'an event was' : `${this.#lost} events were`
    tell('warn', `${events} not delivered: ${why}`)
    this.#lost = 0
  }

  /** Told only after a complaint: a receiver that comes and goes must not fill the log either. */
  #recovered(): void {
    if (!this.#complained) return
    this.#complained = false
    const events = this.#lost === 0 ? '' : `; ${this.#lost} more events were lost meanwhile`
    this.#lost = 0
    this.#options.tell('info', `events are delivered again${events}`)
  }
}
