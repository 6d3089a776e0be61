/**
 * A stack as a target: several parts, each a service with a lifecycle of its own. There is nothing here to start, since a group
 * begins when its main part runs (its needs), nor to stop, since its parts stop when it lets them go: what is left is to
 * say how the main part is, and to wait for the end of all.
 */
import { TargetError } from '../errors.ts'
import type { Agenda } from './agenda.ts'
import type { Bonded } from './bonds.ts'
import { targetName } from './moves.ts'
import type { Provider, TargetStatus, Usage } from './ports.ts'
import type { GroupTarget, Service } from './service.ts'
import { isUp } from './state.ts'

/** A part, as its group sees it. */
export interface Part extends Bonded {
  /** What its provider said last; null: nothing yet. */
  readonly status: TargetStatus | null
  /** Why its last stop failed, while that matters. */
  readonly stopError: TargetError | null
  readonly uses: { readonly inFlight: number }
  /** Asks its provider, and brings its state up to date; false: it did not answer. Never rejects. */
  look(): Promise<boolean>
  usage(): Promise<Usage>
}

export class Group implements Pick<Provider, 'start' | 'stop' | 'pause' | 'usage' | 'inspect'> {
  readonly #owner: { readonly service: Service }
  readonly #agenda: Agenda
  readonly #find: (key: string) => Part | undefined
  /** What each part had used when it was last asked, by its key; and what all have since the first time. */
  readonly #used = new Map<string, Usage>()
  #cpuSeconds = 0
  #networkBytes = 0
  /** The status of the main part that the group's lifecycle has last been told. */
  #told: TargetStatus | null = null

  /** `find` knows parts by their target's key. */
  constructor(owner: { readonly service: Service }, agenda: Agenda, find: (key: string) => Part | undefined) {
    this.#owner = owner
    this.#agenda = agenda
    this.#find = find
  }

  /** The main part's status, if that is news. */
  news(): TargetStatus | null {
    const main = this.#main()
    const status = main?.status ?? null
    // While it is being stopped, a start that has come too late looks like somebody else's; how it is, the end of the stop says.
    if (status === this.#told || main?.state.name === 'stopping') return null
    this.#told = status
    return status
  }

  /** Its main part runs: that is when it is called. */
  start(): Promise<TargetStatus> {
    return this.#say()
  }

  /** Resolves when what nobody else uses is down. @throws TargetError of the main part's stop: the rest shows beneath. */
  stop(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if (!this.#parts().every((part) => this.#isOver(part))) return
      done()
      const main = this.#main()
      // It may run on for others: that is no news for a group that sleeps.
      this.#told = main?.status ?? null
      if (main?.stopError) reject(main.stopError)
      else resolve()
    }
    const done = this.#agenda.whenDone(look)
    return promise
  }

  pause(): Promise<void> {
    return this.stop()
  }

  /** Grows by what each part has used since the last question: a sum over the parts would fall when one of them ends. */
  async usage(): Promise<Usage> {
    const up = this.#parts().filter(({ state }) => isUp(state.target))
    const all = await Promise.all(
      up.map(async (part) => [part.service.target.key, await part.usage()] as const),
    )
    for (const [key, { cpuSeconds, networkBytes }] of all) {
      const before = this.#used.get(key) ?? { cpuSeconds, networkBytes }
      this.#cpuSeconds += grown(before.cpuSeconds, cpuSeconds)
      if (networkBytes !== null)
        this.#networkBytes += grown(before.networkBytes ?? networkBytes, networkBytes)
      this.#used.set(key, { cpuSeconds, networkBytes })
    }
    const known = all.some(([, { networkBytes }]) => networkBytes !== null)
    return { cpuSeconds: this.#cpuSeconds, networkBytes: known ? this.#networkBytes : null }
  }

  async inspect(): Promise<TargetStatus> {
    const main = this.#main()
    // What was said before is no answer: it would pass for the first news after an outage. Nor is what is about to be stopped.
    if ((await main?.look()) === false || main?.state.name === 'stopping') throw this.#unknown()
    return this.#say()
  }

  #say(): Promise<TargetStatus> {
    const status = this.#main()?.status ?? null
    this.#told = status
    return status === null ? Promise.reject(this.#unknown()) : Promise.resolve(status)
  }

  #unknown(): TargetError {
    const message = `nothing is known of ${targetName(this.#owner.service)}`
    return new TargetError('unreachable', message, 'See whether its provider answers.')
  }

  #target(): GroupTarget | null {
    const { target } = this.#owner.service
    return target.kind === 'group' ? target : null
  }

  #main(): Part | undefined {
    const target = this.#target()
    return target === null ? undefined : this.#find(target.main)
  }

  #parts(): Part[] {
    return this.#owner.service.needs.flatMap(({ key }) => this.#find(key) ?? [])
  }

  /** Down, or not ours to stop, or not to be stopped. */
  #isOver(part: Part): boolean {
    const { state, stopError } = part
    if (state.verb !== null) return false
    if (state.name === 'asleep' || (state.name === 'failed' && !isUp(state.target))) return true
    return stopError !== null || this.#isKept(part)
  }

  /**
   * By others, or by a part of ours that did not stop: that is tried again only after an idle time, which no request may wait for.
   * Or by requests from before it became a part, which may last; or by whoever has started it by hand.
   */
  #isKept(part: Part): boolean {
    if (!part.service.part) return true
    const mine = new Map<Bonded, Part>(this.#parts().map((each) => [each, each]))
    const isKept = (each: Part): boolean =>
      each.uses.inFlight > 0 ||
      stays(each) ||
      [...each.bonds.claimants].some((claimant) => {
        const own = mine.get(claimant)
        return own === undefined || own.stopError !== null || isKept(own)
      })
    return isKept(part)
  }
}

/** Somebody has woken it since the last of those that need it let go. */
function stays({ state, bonds }: Part): boolean {
  return state.verb === null && bonds.claimants.size === 0 && bonds.lastClaim < state.wokenAt
}

/** Counters begin again at 0 when a part is restarted. */
function grown(from: number, to: number): number {
  return to < from ? to : to - from
}
