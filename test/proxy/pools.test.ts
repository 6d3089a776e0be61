import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import type { Clock, Timer } from '../../src/domain/ports.ts'
import { createPools, originOf } from '../../src/proxy/pools.ts'
import { clock } from './rig.ts'
import { HEAD, OK, answering, closedPort, eventually, message, rawUpstream, upstreamAt } from './wire.ts'

const GET = { method: 'GET', path: '/' } as const

/** Records how one dispatch ended. */
function outcome(): { handler: object; done: Promise<string> } {
  const { promise, resolve } = Promise.withResolvers<string>()
  // undici refuses a handler that lacks one of these.
  const handler = {
    onRequestStart: () => {},
    onResponseStart: () => {},
    onResponseData: () => {},
    onResponseEnd: () => resolve('ok'),
    onResponseError: (_: unknown, error: Error & { code?: string }) => resolve(error.code ?? error.message),
  }
  return { handler, done: promise }
}

t.test('one pool per upstream, by identity, whose connection is used again', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const pools = createPools({ connectTimeout: 1000, clock })
  t.teardown(() => pools.close())
  const pool = pools.dispatcher(app.upstream)
  t.equal(pools.dispatcher(app.upstream), pool)
  t.not(pools.dispatcher({ ...app.upstream }), pool, 'a new run of the same address')
  for (let i = 0; i < 2; i++) {
    const { handler, done } = outcome()
    pool.dispatch(GET, handler)
    t.equal(await done, 'ok')
    // undici lets a connection rest for one turn of the loop, in case the app closes it against its word.
    await nextTurn()
    await nextTurn()
  }
  t.equal(app.wires.length, 1)
})

t.test('a retired pool lets its exchanges end, takes no more, and is cut at its bound', async (t) => {
  const bounds: { delay: number; callback: () => void; cancelled: boolean }[] = []
  const fake: Clock = {
    ...clock,
    setTimer(delay, callback): Timer {
      const bound = { delay, callback, cancelled: false }
      bounds.push(bound)
      return { cancel: () => (bound.cancelled = true) }
    },
  }
  for (const patient of [true, false]) {
    const app = await rawUpstream(t)
    const pools = createPools({ connectTimeout: 1000, clock: fake })
    t.teardown(() => pools.close())
    const running = outcome()
    pools.dispatcher(app.upstream).dispatch(GET, running.handler)
    const wire = await app.connection()
    await wire.until(HEAD)
    pools.retire(app.upstream)
    pools.retire(app.upstream)
    const late = outcome()
    pools.dispatcher(app.upstream).dispatch(GET, late.handler)
    t.equal(await late.done, 'UND_ERR_CLOSED')
    const bound = bounds.at(-1)
    t.equal(bound?.delay, 30_000)
    if (patient) {
      wire.send(OK)
      t.equal(await running.done, 'ok')
      await eventually(() => bound?.cancelled === true)
    } else {
      bound?.callback()
      t.equal(await running.done, 'UND_ERR_DESTROYED')
    }
  }
  t.equal(bounds.length, 2, 'retired once each')
})

t.test('an upstream retired before its first use gets no pool any more', async (t) => {
  const app = await rawUpstream(t)
  const pools = createPools({ connectTimeout: 1000, clock })
  t.teardown(() => pools.close())
  pools.retire(app.upstream)
  const late = outcome()
  pools.dispatcher(app.upstream).dispatch(GET, late.handler)
  t.equal(await late.done, 'UND_ERR_CLOSED')
})

t.test(
  'an upstream that serves again gets a new pool, and its old exchanges are still bounded',
  async (t) => {
    const app = await rawUpstream(t)
    const pools = createPools({ connectTimeout: 1000, clock })
    t.teardown(() => pools.close())
    const old = pools.dispatcher(app.upstream)
    const running = outcome()
    old.dispatch(GET, running.handler)
    const wire = await app.connection()
    await wire.until(HEAD)
    pools.retire(app.upstream)
    pools.serve(app.upstream)
    const pool = pools.dispatcher(app.upstream)
    t.not(pool, old)
    pools.serve(app.upstream)
    t.equal(pools.dispatcher(app.upstream), pool, 'what serves is left as it is')
    const next = outcome()
    pool.dispatch(GET, next.handler)
    for (const each of [wire, await app.connection()]) each.send(OK)
    t.same(await Promise.all([running.done, next.done]), ['ok', 'ok'])
    pools.retire(app.upstream)
    t.equal(pools.dispatcher(app.upstream), pool, 'and can be retired once more')
  },
)

t.test('close cuts everything, retired ones too', async (t) => {
  const app = await rawUpstream(t)
  const other = { ...app.upstream }
  const pools = createPools({ connectTimeout: 1000, clock })
  const [one, two] = [outcome(), outcome()]
  pools.dispatcher(app.upstream).dispatch(GET, one.handler)
  pools.dispatcher(other).dispatch(GET, two.handler)
  for (const wire of [await app.connection(), await app.connection()]) await wire.until(HEAD)
  pools.retire(other)
  await pools.close()
  t.same(await Promise.all([one.done, two.done]), ['UND_ERR_DESTROYED', 'UND_ERR_DESTROYED'])
})

t.test('a refused connection fails the request, and the pool lives on', async (t) => {
  const upstream = upstreamAt(await closedPort())
  const pools = createPools({ connectTimeout: 1000, clock })
  t.teardown(() => pools.close())
  const first = outcome()
  pools.dispatcher(upstream).dispatch(GET, first.handler)
  t.equal(await first.done, 'ECONNREFUSED')
  await rawUpstream(t, answering(message('HTTP/1.1 204 No Content')), upstream.port)
  const second = outcome()
  pools.dispatcher(upstream).dispatch(GET, second.handler)
  t.equal(await second.done, 'ok')
})

t.test('origins', async (t) => {
  t.equal(originOf(upstreamAt(80)), 'http://127.0.0.1:80')
  t.equal(originOf({ ...upstreamAt(443), protocol: 'https', host: '::1' }), 'https://[::1]:443')
})
