/**
 * Everything that happens to a home server: people with a docker command line, an engine that is away or slow, a config that is
 * edited, a WakeDock that is killed. What was done and when is kept, because every failed request needs such a reason.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { TestDocker } from '../helpers/docker.ts'
import type { Relay } from '../helpers/relay.ts'
import type { WakeDock } from './daemon.ts'
import type { ContainerPlan } from './plans.ts'
import { Random } from './random.ts'
import type { World } from './world.ts'

export type Deed =
  | 'stop'
  | 'start'
  | 'kill'
  | 'restart'
  | 'pause'
  | 'recreate'
  | 'sleep'
  | 'pin'
  | 'reload'
  | 'outage'
  | 'cut'
  | 'slow'
  | 'wakedock killed'
  | 'wakedock ended'

/** Times are milliseconds since the epoch. */
export interface Act {
  readonly deed: Deed
  /** A container or a service; null: it concerns all of them. */
  readonly of: string | null
  readonly from: number
  /** Infinity while it lasts. */
  to: number
  /** What came of it, where that is not plain. */
  note: string
}

const BY_HAND = { stop: 3, start: 4, kill: 3, restart: 3, pause: 3, recreate: 2 } as const
const AROUND = { sleep: 2, pin: 2, reload: 4, outage: 2, cut: 2, slow: 2 } as const

interface Parts {
  readonly seed: number
  readonly world: World
  readonly docker: TestDocker
  readonly relay: Relay
  readonly wakedock: WakeDock
}

export class Chaos {
  readonly #parts: Parts
  readonly #random: Random
  readonly acts: Act[] = []
  /** Seconds, where they differ from the plans. */
  readonly idle = new Map<string, number>()
  readonly absent = new Set<string>()
  readonly #open = new Set<Promise<void>>()
  /** The relay is in one state at a time. */
  #engineBusy = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#random = new Random(parts.seed, 'chaos')
  }

  /** Acts until `stop`, and then puts the engine's connection right. */
  async run(stop: AbortSignal): Promise<void> {
    const random = this.#random
    const { containers } = this.#parts.world
    while (!stop.aborted) {
      const done = random.chance(0.7)
        ? this.#byHand(random.weighted(BY_HAND), random.pick(containers), random.int(300, 3000))
        : this.#around(random.weighted(AROUND), random.int(1000, 5000))
      const open = done.finally(() => this.#open.delete(open))
      this.#open.add(open)
      await delay(random.int(200, 1800), undefined, { signal: stop }).catch(() => undefined)
    }
    await Promise.all(this.#open)
  }

  /** Ends WakeDock and starts it again. */
  async killWakeDock(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#act(signal === 'SIGKILL' ? 'wakedock killed' : 'wakedock ended', null, async () => {
      await this.#parts.wakedock.end(signal)
      await this.#parts.wakedock.start()
    })
  }

  async #byHand(deed: keyof typeof BY_HAND, plan: ContainerPlan, ms: number): Promise<void> {
    const { docker, world } = this.#parts
    const container = docker.api.getContainer(docker.name(plan.name))
    await this.#act(deed, plan.name, async () => {
      switch (deed) {
        case 'stop':
          return container.stop({ t: 1 })
        case 'start':
          return container.start()
        case 'kill':
          return container.kill()
        case 'restart':
          return container.restart({ t: 1 })
        case 'pause':
          await container.pause()
          await delay(ms)
          // Some forget it: the next request has to bring it back.
          return ms < 2000 ? container.unpause() : undefined
        case 'recreate':
          return world.create(plan)
      }
    })
  }

  async #around(deed: keyof typeof AROUND, ms: number): Promise<void> {
    const { relay, wakedock, world } = this.#parts
    const random = this.#random
    const { name } = random.pick(world.services)
    switch (deed) {
      case 'sleep':
        return this.#act(deed, name, () => wakedock.ask(`/services/${name}/sleep`, 'POST', {}))
      case 'pin':
        return this.#act(deed, name, () => wakedock.ask(`/services/${name}/pin`, 'PUT', { for: `${ms}ms` }))
      case 'reload':
        if (random.chance(0.15)) {
          if (!this.absent.delete('guest')) this.absent.add('guest')
        } else this.idle.set(name, random.int(1, 5))
        return this.#act(deed, null, async () => {
          await world.configure({ idle: this.idle, absent: this.absent })
          // WakeDock follows the file, and looks when it has been quiet for a while (src/config/watch.ts).
          await delay(500)
        })
      default:
    }
    if (this.#engineBusy) return
    this.#engineBusy = true
    await this.#act(deed, null, async () => {
      if (deed === 'outage') {
        await relay.down()
        await delay(ms)
        await relay.up()
      } else if (deed === 'cut') relay.cut()
      else {
        relay.slow(ms / 5)
        await delay(ms)
        relay.slow(0)
      }
    })
    this.#engineBusy = false
  }

  /** Refused (not running, gone, away) is as good as any other outcome. */
  async #act(deed: Deed, of: string | null, run: () => Promise<unknown>): Promise<void> {
    const act: Act = { deed, of, from: Date.now(), to: Infinity, note: '' }
    this.acts.push(act)
    try {
      await run()
    } catch (error) {
      act.note = error instanceof Error ? error.message : String(error)
    }
    act.to = Date.now()
  }
}
