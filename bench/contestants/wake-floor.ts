/**
 * The floor of a wake: what remains when nothing but the engine and the app is left. One `POST /containers/ID/start` (or
 * `unpause`), then GETs at an address known beforehand, a millisecond apart, until one is answered. Nobody can be faster without
 * asking the app before the engine has said that it runs. Where the HEALTHCHECK has to pass, it is run first, back to back.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { callEngine } from '../engine-call.ts'
import { getOnce, type FirstByte } from '../first-byte.ts'
import { runCheck } from '../health-check.ts'
import type { WakeCase } from '../wake-cases.ts'
import { readBoot, type Contestant } from './wake.ts'

/** A container the floor may start: its address stays the same over restarts. */
export interface FloorApp {
  readonly id: string
  readonly host: string
  readonly port: number
}

/** Milliseconds between two attempts. A refused connect costs 0.06 ms of CPU. */
const RETRY = 1
/** Milliseconds for one attempt: a SYN that is lost is only repeated after a second. */
const ATTEMPT = 200
/** Milliseconds after which a wake has failed. */
const DEADLINE = 30_000

export function createFloor(socketPath: string, apps: ReadonlyMap<WakeCase, FloorApp>): Contestant {
  const of = (one: WakeCase): FloorApp => {
    const app = apps.get(one)
    if (app === undefined) throw new Error(`the floor has no container for ${one.mode}`)
    return app
  }
  return {
    name: 'floor',
    async wake(one) {
      const app = of(one)
      const from = performance.now()
      const verb = one.mode === 'pause' ? 'unpause' : 'start'
      await callEngine(socketPath, 'POST', `/containers/${app.id}/${verb}`)
      const started = performance.now()
      if (one.mode === 'health') await passed(socketPath, app, from)
      const { body, firstByteAt } = await answered(app, from)
      const { boot, listeningAt } = readBoot(body)
      const start = started - from
      return {
        total: firstByteAt - from,
        start,
        reportedStart: start,
        boot: one.mode === 'pause' ? 0 : boot,
        sinceListening: firstByteAt - listeningAt,
        untilStart: 0,
      }
    },
    async sleep(one) {
      const verb = one.mode === 'pause' ? 'pause' : 'stop?t=10'
      await callEngine(socketPath, 'POST', `/containers/${of(one).id}/${verb}`)
    },
  }
}

/** Runs the HEALTHCHECK until it passes; `from` as below. */
export async function passed(socketPath: string, { id }: { id: string }, from: number): Promise<void> {
  while (!(await runCheck(socketPath, id))) {
    if (performance.now() - from > DEADLINE) throw new Error(`the HEALTHCHECK of ${id} does not pass`)
  }
}

/** Asks until there is an answer; the wish was at `from`, on performance.now(). */
export async function answered(app: { host: string; port: number }, from: number): Promise<FirstByte> {
  for (;;) {
    try {
      return await getOnce(app, { path: '/boot', host: 'floor' }, ATTEMPT)
    } catch (error) {
      if (performance.now() - from > DEADLINE) throw error
      await delay(RETRY)
    }
  }
}
