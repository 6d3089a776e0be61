/**
 * What one service asks of its provider: its verbs (start, stop, pause), one at a time because the lifecycle orders no second one,
 * and its questions. Every outcome comes back as an event; nothing here decides.
 */
import { toTargetError } from '../errors.ts'
import type { Provider, TargetStatus, Usage } from './ports.ts'
import type { Service } from './service.ts'
import { isUp, type Event, type State } from './state.ts'

/** What of a provider concerns one target. */
type Calls = Pick<Provider, 'start' | 'stop' | 'pause' | 'usage' | 'inspect'>

interface Owner {
  readonly service: Service
  readonly state: State
  dispatch(event: Event): void
}

export class TargetCalls {
  readonly #provider: Calls
  readonly #owner: Owner
  /** The first verb waits for it. */
  readonly #after: Promise<unknown>
  /** It has settled. */
  #free = false
  /** Counts verbs and reports, so that an answer that one of them has overtaken is thrown away. */
  #news = 0
  #verb: Promise<void> = Promise.resolve()
  #closed = false

  constructor(provider: Calls, owner: Owner, after: Promise<unknown>) {
    this.#provider = provider
    this.#owner = owner
    this.#after = after
    void after.then(() => {
      this.#free = true
    })
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

  /**
   * Asks what has become of the target, and tells it as a status if that is news and `matters`. Whether the provider has
   * answered. Never rejects.
   */
  async inspect(matters: (status: TargetStatus) => boolean = () => true): Promise<boolean> {
    if (this.#closed) return false
    const before = this.#news
    let status: TargetStatus
    try {
      status = await this.#provider.inspect(this.#owner.service.target)
    } catch {
      return false // Nothing is known, and the provider's own `lost` says so.
    }
    if (this.#news === before && matters(status)) this.#owner.dispatch({ type: 'status', status })
    return true
  }

  usage(): Promise<Usage> {
    return this.#provider.usage(this.#owner.service.target)
  }

  /** A verb that still waits for its turn is not made any more. */
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
    const { target, stopTimeout, sleepMode } = this.#owner.service
    try {
      // That of a service which had this target before may still be under way (invariant 2). Else at once: the moment in which
      // the stop was decided is the one in which nobody needs it.
      if (!this.#free) await this.#after
      if (this.#closed) return
      if (sleepMode === 'pause') await this.#provider.pause(target)
      else await this.#provider.stop(target, stopTimeout)
      this.#owner.dispatch({ type: 'stopped', as: sleepMode === 'pause' ? 'paused' : 'stopped' })
    } catch (error) {
      this.#owner.dispatch({ type: 'stop_failed', error: toTargetError(error) })
      await this.inspect()
    }
  }
}
