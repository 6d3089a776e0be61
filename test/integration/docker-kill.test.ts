/**
 * The container dies under traffic. What may be sent again is; what may not be is answered honestly, once; and nobody
 * has to do anything for the service to be awake again.
 */
import t from 'tap'
import { dockerSkip, openDocker, until } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { startWakeDock, type WakeDock } from './wakedock.ts'

const KILLS = 2
const METHODS = ['GET', 'HEAD', 'DELETE', 'POST'] as const
/** Two for each method. */
const CLIENTS = 8
/** What the app may have had already is not sent twice (RFC 9110 section 9.2.2); all others have to succeed. */
const ONLY_ONCE = new Set<string>(['POST'])

/** Milliseconds. An exchange takes a few; one that began longer before a death has nothing to do with it. */
const LONG_AGO = 5000

interface Failure {
  readonly method: string
  readonly began: number
  readonly what: string
}

/** Clients that send one request after the other, and note what they did not expect. */
function traffic(wakedock: WakeDock) {
  const failures: Failure[] = []
  let successes = 0
  const end = new AbortController()
  const one = async (method: string, body: string | null): Promise<string | null> => {
    const options = body === null ? { method } : { method, body }
    try {
      const { status, code, text } = await wakedock.send('app', '/echo', options)
      if (status !== 200) return `${status} ${code}`
      return text === (body ?? '') ? null : `200 with ${text.length} bytes that were not asked for`
    } catch (error) {
      return `cut: ${error instanceof Error ? error.message : String(error)}`
    }
  }
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    const method = METHODS[client % METHODS.length] ?? 'GET'
    for (let n = 0; !end.signal.aborted; n++) {
      const body = ONLY_ONCE.has(method) ? `${client} ${n} ${'x'.repeat(4096)}` : null
      const began = Date.now()
      const what = await one(method, body)
      if (what === null) successes += 1
      else failures.push({ method, began, what })
    }
  })
  return {
    failures,
    /** Until so many more requests have succeeded. */
    async flows(count: number): Promise<void> {
      const goal = successes + count
      await until(`${count} more requests succeed`, () => successes >= goal, 60_000)
    },
    async stop(): Promise<void> {
      end.abort()
      await Promise.all(clients)
    },
  }
}

t.test(
  'docker kill under traffic costs nothing but exchanges under way that may not be repeated',
  { skip: dockerSkip() },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    const { handle } = await docker.create('app')
    const wakedock = await startWakeDock(t, docker, { app: {} })

    const clients = traffic(wakedock)
    await clients.flows(500)
    for (let n = 0; n < KILLS; n++) {
      await handle.kill()
      // It is awake again by itself: nobody but the clients asks for it.
      await clients.flows(500)
    }
    await clients.stop()

    const deaths = (await history.all()).filter(({ action }) => action === 'die')
    t.equal(deaths.length, KILLS)
    const { failures } = clients
    t.comment(`${failures.length} exchanges failed: ${failures.map(({ what }) => what).join(', ')}`)
    for (const { method, began, what } of failures) {
      t.ok(ONLY_ONCE.has(method), `${method} may be repeated: ${what}`)
      t.match(what, /^(502 WAKEDOCK_UPSTREAM_|cut: )/, 'an honest failure')
      // A dying process still has its connections accepted by the kernel. Once Docker has seen it dead, nothing has.
      t.ok(
        deaths.some(({ at }) => began <= at && at - began < LONG_AGO),
        'of an exchange that was under way when the container died',
      )
    }
    t.equal(await history.count('start'), 1 + KILLS)
    t.match(await wakedock.service('app'), { state: 'awake', failure: null })
  },
)

t.test(
  'a response under way when the container is killed is cut, not ended as if it were whole',
  { skip: dockerSkip() },
  async (t) => {
    const docker = await openDocker(t)
    const { handle } = await docker.create('app')
    const wakedock = await startWakeDock(t, docker, { app: {} })

    const flowing = Promise.withResolvers<void>()
    const stream = wakedock.send('app', '/stream?seconds=60', { onData: () => flowing.resolve() })
    const cut = t.rejects(stream)
    const socket = await wakedock.socket('app')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await flowing.promise
    await handle.kill()

    await cut
    t.equal(await closed, 1006, 'the WebSocket was not closed by its peer (RFC 6455 section 7.1.5)')
    t.match(await wakedock.reaches('app', ['asleep']), { in_flight: 0 })
    t.equal((await wakedock.send('app')).status, 200)
  },
)
