/**
 * The floor of a wake: what remains when nothing but the engine and the app is left. One `POST /containers/ID/start`, then
 * GETs at an address known beforehand, a millisecond apart, until one is answered. Nobody can be faster without asking
 * the app before the engine has said that it runs.
 */
import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { getOnce } from '../first-byte.ts'
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

export function createFloor(socketPath: string, apps: ReadonlyMap<number, FloorApp>): Contestant {
  const of = (bootMs: number): FloorApp => {
    const app = apps.get(bootMs)
    if (app === undefined) throw new Error(`no container boots in ${bootMs} ms`)
    return app
  }
  return {
    name: 'floor',
    async wake(bootMs) {
      const app = of(bootMs)
      const from = performance.now()
      await post(socketPath, `/v1.41/containers/${app.id}/start`)
      const started = performance.now()
      for (;;) {
        try {
          const answer = await getOnce(app, { path: '/boot', host: 'floor' }, ATTEMPT)
          const { boot, listeningAt } = readBoot(answer.body)
          const { firstByteAt } = answer
          const sinceListening = firstByteAt - listeningAt
          const start = started - from
          return {
            total: firstByteAt - from,
            start,
            reportedStart: start,
            boot,
            sinceListening,
            untilStart: 0,
          }
        } catch (error) {
          if (performance.now() - from > DEADLINE) throw error
          await delay(RETRY)
        }
      }
    },
    sleep: (bootMs) => post(socketPath, `/v1.41/containers/${of(bootMs).id}/stop?t=10`),
  }
}

/** Rejects for every status but 204: "not modified" would mean that the cycle measured nothing. */
function post(socketPath: string, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const call = request({ socketPath, path, method: 'POST', agent: false }, (answer) => {
    answer.resume()
    answer.on('error', reject)
    answer.on('end', () => {
      if (answer.statusCode === 204) resolve()
      else reject(new Error(`the engine answers ${answer.statusCode} to POST ${path}`))
    })
  })
  call.on('error', reject)
  call.end()
  return promise
}
