/** WakeDock as its users meet it: a GET at the proxy wakes the app, an order at the admin API puts it to sleep. */
import { getOnce } from '../first-byte.ts'
import { readBoot, type Contestant, type TimedCall } from './wake.ts'
import type { EngineCall, EngineTap } from '../engine-tap.ts'
import { serviceOf, type WakeCase } from '../wake-cases.ts'
import type { ServiceView } from '../../src/admin/service-view.ts'
import type { Daemon } from '../../test/helpers/daemon.ts'
import type { TestContainer } from '../../test/helpers/docker.ts'

/** Milliseconds: longer than WakeDock's own start_timeout, so that its answer comes first. */
const DEADLINE = 90_000

/** `tap` is what the daemon speaks to the engine through: only there the engine's own part of a start can be seen. */
export function createWakeDock(
  daemon: Daemon,
  tap: EngineTap,
  apps: ReadonlyMap<WakeCase, TestContainer>,
): Contestant {
  return {
    name: 'WakeDock',
    async wake(one) {
      const name = serviceOf(one)
      const proxy = { host: '127.0.0.1', port: daemon.proxyPort }
      const answer = await getOnce(proxy, { path: '/boot', host: `${name}.example.com` }, DEADLINE)
      if (answer.status !== 200) throw new Error(`${name} answers ${answer.status}: ${answer.body}`)
      const { last_wake: wake } = await daemon.service(name)
      if (wake === null || !/^server-timing: wake;/m.test(answer.head)) throw new Error(`${name} was awake`)
      const { boot, listeningAt } = readBoot(answer.body)
      const { askedAt, firstByteAt } = answer
      // Other services' calls are not this wake's: an event of their sleep may have come late.
      const app = apps.get(one)
      const calls = tap.calls.filter((call) => {
        const own = call.container === app?.name || call.container === app?.id
        return own && call.askedAt >= askedAt && call.answeredAt > 0 && call.answeredAt < firstByteAt
      })
      const verb = one.mode === 'pause' ? 'POST unpause' : 'POST start'
      const start = calls.find(({ what }) => what === verb)
      if (start === undefined) throw new Error(`${name} was not started by this request`)
      return {
        total: firstByteAt - askedAt,
        start: start.answeredAt - start.askedAt,
        reportedStart: wake.start_ms,
        boot: one.mode === 'pause' ? 0 : boot,
        sinceListening: firstByteAt - listeningAt,
        untilStart: start.askedAt - askedAt,
        inside: { ready: wake.ready_ms, wake: wake.total_ms, calls: timed(calls, askedAt) },
      }
    },
    sleep: (one) => orderSleep(daemon, serviceOf(one)),
  }
}

/** Orders a sleep, and resolves when it is done. */
export async function orderSleep({ admin }: Daemon, name: string): Promise<void> {
  const answer = await fetch(`${admin}/api/v1/services/${name}/sleep?wait=true`, { method: 'POST' })
  const body: unknown = await answer.json()
  if (!answer.ok) throw new Error(`the order to sleep was refused: ${JSON.stringify(body)}`)
  if ((body as ServiceView).state !== 'asleep') throw new Error(`not asleep: ${JSON.stringify(body)}`)
}

function timed(calls: readonly EngineCall[], wishedAt: number): readonly TimedCall[] {
  return calls.map(({ what, askedAt, answeredAt }, index) => {
    const after = askedAt - (calls[index - 1]?.answeredAt ?? wishedAt)
    return { what, after, took: answeredAt - askedAt }
  })
}
