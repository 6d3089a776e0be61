/** Webhooks against a real receiver: what is delivered, tried again, given up, dropped, kept over a reload, and told. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import t from 'tap'
import { settled as nextTurn } from '../helpers/fake-clock.ts'
import { PAUSES, hookTo, openReceiver, openWebhooks } from './receiver.ts'

t.test('each event that is asked for is delivered once, in order', async (t) => {
  const receiver = await openReceiver(t)
  const { feed, woke, counted, settled, logged } = openWebhooks(
    t,
    hookTo(receiver.url, { events: ['woke', 'failed'] }),
  )
  const why = { reason: 'stuck', message: 'it hangs', hint: 'End it.' } as const
  woke()
  feed.add({ type: 'slept', service: 'blog', cause: 'idle', tookMs: 3 })
  feed.add({ type: 'wake_started', service: 'blog', trigger: 'pin' })
  feed.add({ type: 'wake_failed', service: 'blog', trigger: 'pin', retryIn: 0, ...why })
  feed.add({ type: 'sleep_failed', service: 'blog', cause: 'idle', ...why })
  feed.add({ type: 'reload_refused', by: 'SIGHUP', faults: [] })
  woke('shop')
  await settled(4)
  t.strictSame(receiver.types(), ['woke', 'wake_failed', 'sleep_failed', 'woke'])
  t.strictSame(counted, { delivered: 4, failed: 0, dropped: 0 })
  t.match(receiver.received[0], {
    path: 'POST /hook',
    headers: { 'user-agent': 'WakeDock/1.2.3', 'content-type': 'application/json', 'webhook-id': /-1$/ },
  })
  t.strictSame(logged, [])
})

t.test('nothing is sent in the turn of whoever tells of an event', async (t) => {
  const receiver = await openReceiver(t)
  const { woke, clock } = openWebhooks(t, hookTo(receiver.url))
  woke()
  t.equal(clock.pending, 0, 'no try has begun')
  await receiver.has(1)
})

const passing: [what: string, answer: number][] = [
  ['a timeout of theirs', 408],
  ['too many requests', 429],
  ['a failure', 500],
  ['a restart', 503],
]
for (const [what, status] of passing) {
  t.test(`${what} (${status}) is tried again, later and later, and the events behind wait`, async (t) => {
    const receiver = await openReceiver(t)
    const { woke, clock, feed, settled, resting, counted, logged } = openWebhooks(t, hookTo(receiver.url))
    receiver.answers.push(status, status, status, status)
    woke()
    feed.add({ type: 'slept', service: 'blog', cause: 'idle', tookMs: 3 })
    for (const [tries, pause] of PAUSES.entries()) {
      await receiver.has(tries + 1)
      await resting()
      await clock.advance(pause - 1)
      t.equal(receiver.received.length, tries + 1)
      await clock.advance(1)
    }
    await settled(2)
    t.strictSame(receiver.types(), ['woke', 'woke', 'woke', 'woke', 'woke', 'slept'])
    const ids = new Set(receiver.received.slice(0, 5).map(({ headers }) => headers['webhook-id']))
    t.equal(ids.size, 1, 'the receiver can tell that it is one event')
    t.equal(
      new Set(receiver.received.map(({ headers }) => headers['webhook-timestamp'])).size,
      5,
      'each try has its time',
    )
    t.strictSame(counted, { delivered: 2, failed: 0, dropped: 0 })
    t.strictSame(logged, [])
  })
}

t.test(
  'after five tries it is given up, and said so with no more of the address than its host',
  async (t) => {
    const receiver = await openReceiver(t)
    const { woke, clock, settled, resting, counted, logged } = openWebhooks(
      t,
      hookTo(`${receiver.url}/s3cret?k=s3cret`),
    )
    receiver.answers.push(500, 500, 500, 500, 500)
    woke()
    woke()
    for (const [tries, pause] of PAUSES.entries()) {
      await receiver.has(tries + 1)
      await resting()
      await clock.advance(pause)
    }
    await settled(2)
    t.strictSame(counted, { delivered: 1, failed: 1, dropped: 0 })
    t.strictSame(logged, [
      `warn webhooks[0] (${receiver.host}): an event was not delivered: it answers 500`,
      `info webhooks[0] (${receiver.host}): events are delivered again`,
    ])
  },
)

const final: [status: number, why: string][] = [
  [400, 'it answers 400'],
  [401, 'it answers 401'],
  [404, 'it answers 404'],
  [410, 'it answers 410'],
  [308, 'it answers 308, a redirect, and none is followed: write the address that it leads to'],
]
for (const [status, why] of final) {
  t.test(`${status} is not tried again`, async (t) => {
    const receiver = await openReceiver(t)
    const { woke, settled, counted, logged, clock } = openWebhooks(t, hookTo(receiver.url))
    receiver.answers.push((response) => response.writeHead(status, { location: '/elsewhere' }).end())
    woke()
    await settled(1)
    await clock.advance(1_000_000)
    t.equal(receiver.received.length, 1)
    t.strictSame(counted, { delivered: 0, failed: 1, dropped: 0 })
    t.strictSame(logged, [`warn webhooks[0] (${receiver.host}): an event was not delivered: ${why}`])
  })
}

t.test('a receiver may ask for a longer wait, up to five minutes', async (t) => {
  const receiver = await openReceiver(t)
  const { woke, clock, resting } = openWebhooks(t, hookTo(receiver.url))
  const asks = (after: string) =>
    receiver.answers.push((response) => response.writeHead(429, { 'retry-after': after }).end())
  asks('30.5')
  asks(new Date(clock.wallTime() + 30_500 + 60_000).toUTCString())
  asks('9999')
  asks('soon')
  woke()
  for (const [tries, wait] of [30_500, 59_000, 300_000, 126_000].entries()) {
    await receiver.has(tries + 1)
    await resting()
    await clock.advance(wait - 1)
    t.equal(receiver.received.length, tries + 1, `not before ${wait} ms`)
    await clock.advance(tries === 1 ? 1_001 : 1)
  }
  await receiver.has(5)
})

t.test('a receiver that is not there, breaks off or never answers is tried again', async (t) => {
  const receiver = await openReceiver(t)
  const { woke, clock, resting, settled, counted } = openWebhooks(t, hookTo(receiver.url))
  receiver.answers.push((response) => response.destroy())
  woke()
  await receiver.has(1)
  await resting()
  receiver.answers.push(() => undefined)
  await clock.advance(PAUSES[0])
  await receiver.has(2)
  await clock.advance(9_999)
  t.equal(receiver.received.length, 2, 'ten seconds it may take')
  await clock.advance(1)
  await resting()
  await clock.advance(PAUSES[1])
  await settled(1)
  t.strictSame(counted, { delivered: 1, failed: 0, dropped: 0 })

  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  server.close()
  await once(server, 'close')
  const away = openWebhooks(t, hookTo(`http://127.0.0.1:${port}/`))
  away.woke()
  for (const pause of PAUSES) {
    await away.resting()
    await away.clock.advance(pause)
  }
  await away.settled(1)
  t.strictSame(away.logged, [
    `warn webhooks[0] (127.0.0.1:${port}): an event was not delivered: nothing listens there`,
  ])
})

t.test('a hundred wait; then the oldest goes, and one line tells of all', async (t) => {
  const receiver = await openReceiver(t)
  const { woke, clock, webhooks, counted, logged, resting, settled } = openWebhooks(t, hookTo(receiver.url))
  receiver.answers.push(500)
  woke('service-0')
  await receiver.has(1)
  await resting()
  for (let n = 1; n <= 130; n += 1) woke(`service-${n}`)
  t.strictSame(counted, { delivered: 0, failed: 0, dropped: 30 })
  await clock.advance(PAUSES[0])
  await settled(131)
  t.equal(counted.delivered, 101)
  const names = receiver.received.map(({ body }) => /service-\d+/.exec(body)?.[0])
  t.strictSame([names[1], names[2], names.at(-1)], ['service-0', 'service-31', 'service-130'])
  t.strictSame(logged, [
    `warn webhooks[0] (${receiver.host}): an event was not delivered: more than 100 events wait for it, and the oldest are dropped`,
    `info webhooks[0] (${receiver.host}): events are delivered again; 29 more events were lost meanwhile`,
  ])
  await webhooks.close()
})

t.test('it complains once in ten minutes, and counts what it has not said', async (t) => {
  const receiver = await openReceiver(t)
  const { woke, clock, logged, settled } = openWebhooks(t, hookTo(receiver.url))
  const say = async (count: number, ...answers: number[]) => {
    receiver.answers.push(...answers)
    for (const answer of answers) woke(`service-${answer}`)
    await settled(count)
  }
  await say(4, 404, 404, 204, 404)
  await clock.advance(599_999)
  await say(5, 404)
  t.equal(logged.length, 2)
  await clock.advance(1)
  await say(6, 404)
  t.strictSame(
    logged.map((line) => line.replace(/ \(.*?\)/, '')),
    [
      'warn webhooks[0]: an event was not delivered: it answers 404',
      'info webhooks[0]: events are delivered again; 1 more events were lost meanwhile',
      'warn webhooks[0]: 3 events were not delivered: it answers 404',
    ],
  )
})

t.test(
  'a reload keeps what waits for a hook that is unchanged, and drops what waits for one that is gone',
  async (t) => {
    const [kept, gone] = [await openReceiver(t), await openReceiver(t)]
    const hooks = [hookTo(gone.url), hookTo(kept.url, { secret: 'one' })] as const
    const { woke, clock, webhooks, counted, settled, logged, resting } = openWebhooks(t, ...hooks)
    gone.answers.push(500)
    kept.answers.push(500)
    woke('first')
    await kept.has(1)
    await gone.has(1)
    await resting(2)
    woke('second')
    webhooks.update([hookTo(kept.url, { secret: 'one' })])
    woke('third')
    await settled(2)
    t.equal(counted.dropped, 2)
    await clock.advance(PAUSES[0])
    await settled(5)
    const names = kept.received.map(({ body }) => /first|second|third/.exec(body)?.[0])
    t.strictSame(names, ['first', 'first', 'second', 'third'], 'what came later waits behind the others')
    t.equal(gone.received.length, 1)

    webhooks.update([hookTo(kept.url, { secret: 'two' })])
    woke()
    await settled(6)
    t.equal(new Set(kept.received.map(({ headers }) => headers['webhook-signature'])).size, 5)
    webhooks.update([])
    woke()
    await nextTurn()
    t.equal(kept.received.length, 5)
    t.strictSame(counted, { delivered: 4, failed: 0, dropped: 2 })
    t.strictSame(logged, [])
  },
)

t.test('at the end what waits is tried once more, without a pause', async (t) => {
  const receiver = await openReceiver(t)
  const { woke, webhooks, counted, resting } = openWebhooks(t, hookTo(receiver.url))
  receiver.answers.push(500, 204, 500, 204)
  for (const name of ['a', 'b', 'c']) woke(name)
  await receiver.has(1)
  await resting()
  await webhooks.close()
  t.strictSame(counted, { delivered: 2, failed: 1, dropped: 0 })
  t.equal(receiver.received.length, 4)
  woke('late')
  await nextTurn()
  t.equal(receiver.received.length, 4)
})

t.test('a receiver that does not answer at the end holds it up for two seconds, and no longer', async (t) => {
  const receiver = await openReceiver(t)
  const { woke, webhooks, counted, clock } = openWebhooks(t, hookTo(receiver.url))
  receiver.answers.push(() => undefined)
  woke('a')
  woke('b')
  await receiver.has(1)
  let closed = false
  const end = webhooks.close().then(() => (closed = true))
  await clock.advance(1_999)
  t.notOk(closed)
  await clock.advance(1)
  await end
  t.strictSame(counted, { delivered: 0, failed: 0, dropped: 2 })
})
