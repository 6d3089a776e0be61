/**
 * What one service asks of its provider: its verbs (start, stop), one at a time because the lifecycle orders no second one,
 * and its questions. Every outcome comes back as an event; nothing here decides.
 */
import { toTargetError } from '../errors.ts'
import type { Provider, TargetStatus } from './ports.ts'
import type { Service } from './service.ts'
import { isUp, type Event, type State } from './state.ts'

interface Owner {
  readonly service: Service
  readonly state: State
  dispatch(event: Event): void
}

export class TargetCalls {
  readonly #provider: Provider
  readonly #owner: Owner
  /** The first start waits for it. */
  readonly #after: Promise<unknown>
  /** Counts verbs and reports, so that an answer that one of them has overtaken is thrown away. */
  #news = 0
  #verb: Promise<void> = Promise.resolve()
  #closed = false

  constructor(provider: Provider, owner: Owner, after: Promise<unknown>) {
    this.#provider = provider
    this.#owner = owner
    this.#after = after
  }

  /** Settles when the last verb has. Never rejects. */
  get verb(): Promise<void> {
    return this.#verb
  }

  /** The provider has said something by itself, which is newer than what was asked before. */
  reported(): void {
    this.#news++
  }

  start(): void {
    this.#news++
    this.#verb = this.#start()
  }

  stop(): void {
    this.#news++
    this.#verb = this.#stop()
  }

  /** Asks what has become of the target, and tells it as a status if that is news and `matters`. Never rejects. */
  async inspect(matters: (status: TargetStatus) => boolean = () => true): Promise<void> {
    if (this.#closed) return
    const before = this.#news
    let status: TargetStatus
    try {
      status = await this.#provider.inspect(this.#owner.service.target)
    } catch {
      return // The provider does not answer: nothing is known, and its own `lost` says so.
    }
    if (this.#news === before && matters(status)) this.#owner.dispatch({ type: 'status', status })
  }

  /** A start that still waits for its turn is not made any more. */
  close(): void {
    this.#closed = true
  }

  async #start(): Promise<void> {
    try {
      await this.#after
      if (this.#closed) return
      const status = await this.#provider.start(this.#owner.service.target)
      this.#owner.dispatch({ type: 'started', status })
    } catch (error) {
      this.#owner.dispatch({ type: 'start_failed', error: toTargetError(error) })
      // A call that fails may have had its effect all the same: whether the target runs is for the provider to say. If
      // it does not, the next attempt keeps its own time: begun at once, it could fail as fast as the provider answers.
      await this.inspect((status) => this.#owner.state.name !== 'waking' || isUp(status.state))
    }
  }

  async #stop(): Promise<void> {
    const { target, stopTimeout } = this.#owner.service
    try {
      await this.#provider.stop(target, stopTimeout)
      this.#owner.dispatch({ type: 'stopped' })
    } catch (error) {
      this.#owner.dispatch({ type: 'stop_failed', error: toTargetError(error) })
      await this.inspect()
    }
  }
}
