/** The memory of held bodies, counted on a real request: what is kept, what is left to back-pressure, what is given back. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { createBodyBudget, RequestBody } from '../../src/proxy/held-body.ts'
import { eventually, message, portOf } from './wire.ts'

const KIB = 1024
const unwanted = (): void => {
  throw new Error('no room for what has come')
}

/** Waits until a value has not changed for some turns of the loop. Too few would make a test lenient, never flaky. */
async function still(value: () => number): Promise<void> {
  for (let before = Number.NaN; before !== value();) {
    before = value()
    for (let turn = 0; turn < 500; turn++) await nextTurn()
  }
}

/** A request as node:http gives it, and the raw socket that sends its body. */
async function request(
  t: { teardown(action: () => unknown): void },
  framing: string,
  early = '',
): Promise<{ req: IncomingMessage; client: Socket }> {
  const { promise: arrived, resolve } = Promise.withResolvers<IncomingMessage>()
  const server = createServer(resolve).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(portOf(server), '127.0.0.1')
  client.write(message('POST / HTTP/1.1', 'Host: a', framing) + early)
  const req = await arrived
  t.teardown(() => {
    client.destroy()
    server.close()
  })
  return { req, client }
}

t.test('memory is reserved by what can come, and given back once', async (t) => {
  const budget = createBodyBudget(1000 * KIB)
  const { req, client } = await request(t, `Content-Length: ${100 * KIB}`)
  const body = new RequestBody(req, 100 * KIB, budget)
  body.hold(unwanted)
  t.equal(budget.used, 64 * KIB, 'the largest piece that can come')
  client.write(Buffer.alloc(100 * KIB, 'x'))
  await eventually(() => req.readableEnded)
  t.equal(budget.used, 100 * KIB)
  const whole = body.open()
  t.ok(Buffer.isBuffer(whole) && whole.equals(Buffer.alloc(100 * KIB, 'x')))
  t.ok(body.replayable)
  t.equal(body.open(), whole)
  body.release()
  body.release()
  t.equal(budget.used, 0)
})

t.test('a chunked body gives back what it did not need', async (t) => {
  const budget = createBodyBudget(1000 * KIB)
  const { req, client } = await request(t, 'Transfer-Encoding: chunked')
  const body = new RequestBody(req, null, budget)
  body.hold(unwanted)
  client.write('3\r\nabc\r\n0\r\n\r\n')
  await eventually(() => req.readableEnded)
  t.equal(budget.used, 3)
  t.same(body.open(), Buffer.from('abc'))
  body.release()
  t.equal(budget.used, 0)
})

t.test('a body may take as much as it leaves free, and beyond that nothing is read', async (t) => {
  for (const [limit, most] of [
    [0, 0],
    [200 * KIB, 128 * KIB],
    [1000 * KIB, 564 * KIB],
    [64 * 1024 * KIB, 9000 * KIB],
  ] as const) {
    const budget = createBodyBudget(limit)
    const { req, client } = await request(t, `Content-Length: ${9000 * KIB}`)
    const body = new RequestBody(req, 9000 * KIB, budget)
    body.hold(unwanted)
    client.write(Buffer.alloc(9000 * KIB))
    await eventually(() => req.readableEnded || client.writableLength > 0)
    await still(() => budget.used)
    t.ok(budget.used <= most, `${budget.used} of ${most}`)
    t.ok(budget.used >= most - 2 * 64 * KIB)
    t.equal(req.readableLength, 0, 'nor has the request a buffer of its own')
    const stream = body.open()
    t.notOk(Buffer.isBuffer(stream), 'it is too large to be kept twice')
    let got = 0
    let peak = 0
    for await (const chunk of stream) {
      got += Buffer.byteLength(chunk)
      peak = Math.max(peak, budget.used)
    }
    t.ok(peak < most || most === 0, 'given back as it goes')
    t.equal(got, 9000 * KIB)
    t.equal(budget.used, 0)
    t.notOk(body.replayable)
  }
})

t.test('many bodies together stay within the limit to the byte, and all of them arrive', async (t) => {
  const limit = 300 * KIB
  const budget = createBodyBudget(limit)
  const all = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      const length = 20 * KIB + i
      const { req, client } = await request(t, `Content-Length: ${length}`)
      const body = new RequestBody(req, length, budget)
      body.hold(unwanted)
      client.write(Buffer.alloc(length, i))
      return { req, body, length }
    }),
  )
  await still(() => budget.used)
  t.ok(budget.used <= limit)
  const buffered = all.reduce((sum, { req }) => sum + req.readableLength, 0)
  t.equal(buffered, 0, 'nothing beside the budget')
  const whole = all.filter(({ req }) => req.readableEnded)
  t.equal(
    budget.used,
    whole.reduce((sum, { length }) => sum + length, 0),
    'those that are read count with what they are',
  )
  t.ok(whole.length >= 12 && whole.length < 30)
  for (const [i, { body, length }] of all.entries()) {
    const opened = body.open()
    const bytes = Buffer.isBuffer(opened) ? opened : Buffer.concat(await opened.toArray())
    t.ok(bytes.equals(Buffer.alloc(length, i)), `body ${i}`)
    body.release()
  }
  t.equal(budget.used, 0)
})

t.test('chunks of one byte are kept as what they are, and not as a thousand objects', async (t) => {
  const budget = createBodyBudget(1000 * KIB)
  const { req, client } = await request(t, 'Transfer-Encoding: chunked')
  const body = new RequestBody(req, null, budget)
  body.hold(unwanted)
  client.write('1\r\nx\r\n'.repeat(20_000))
  await eventually(() => budget.used >= 20_000 + 64 * KIB)
  const stream = body.open()
  t.equal(budget.used, 20_000)
  if (Buffer.isBuffer(stream)) throw new Error('it has not ended')
  client.write('0\r\n\r\n')
  const pieces = await stream.toArray()
  t.equal(Buffer.concat(pieces).toString(), 'x'.repeat(20_000))
  t.ok(pieces.length < 20, `${pieces.length} pieces`)
})

t.test('what has come with the head and does not fit is told, once', async (t) => {
  const budget = createBodyBudget(10)
  const { req } = await request(t, 'Content-Length: 20', 'x'.repeat(15))
  const body = new RequestBody(req, 20, budget)
  let told = 0
  body.hold(() => {
    told++
    body.release()
  })
  await eventually(() => told > 0)
  await still(() => told)
  t.equal(told, 1)
  t.equal(budget.used, 0)

  const other = await request(t, 'Content-Length: 20', 'x'.repeat(5))
  const fits = new RequestBody(other.req, 20, budget)
  fits.hold(unwanted)
  await eventually(() => budget.used === 5)
  other.client.write('x'.repeat(15))
  await still(() => budget.used)
  t.equal(budget.used, 5, 'what can be left unread is')
  const opened = fits.open()
  t.equal(Buffer.isBuffer(opened) ? '' : Buffer.concat(await opened.toArray()).toString(), 'x'.repeat(20))
})

t.test('a stream nobody read from has taken nothing', async (t) => {
  const budget = createBodyBudget(1000 * KIB)
  const { req, client } = await request(t, 'Content-Length: 6')
  const body = new RequestBody(req, 6, budget)
  body.hold(unwanted)
  client.write('abc')
  await eventually(() => req.readableDidRead)
  const first = body.open()
  t.ok(body.replayable)
  body.hold(unwanted)
  client.write('def')
  await eventually(() => req.readableEnded)
  if (!Buffer.isBuffer(first)) first.destroy()
  t.same(body.open(), Buffer.from('abcdef'))
})

t.test('a body that ends in the moment it is opened is whole', async (t) => {
  const { req, client } = await request(t, 'Content-Length: 3')
  const body = new RequestBody(req, 3, createBodyBudget(1000 * KIB))
  body.hold(unwanted)
  const opened = new Promise<ReturnType<typeof body.open>>((resolve) => {
    req.once('data', () => resolve(body.open()))
  })
  client.write('abc')
  const stream = await opened
  req.resume()
  await eventually(() => req.readableEnded)
  let got = ''
  for await (const chunk of stream) got += String(chunk)
  t.equal(got, 'abc')
})

t.test('a client that leaves in mid-body makes an error, not an end', async (t) => {
  const { req, client } = await request(t, 'Transfer-Encoding: chunked')
  const stream = new RequestBody(req, null, createBodyBudget(0)).open()
  client.write('3\r\nabc\r\n')
  const read = async (): Promise<void> => {
    for await (const chunk of stream) if (String(chunk) === 'abc') client.destroy()
  }
  await t.rejects(read())
})

t.test('a lower limit holds for what comes next', async (t) => {
  const budget = createBodyBudget(10)
  t.ok(budget.take(10))
  t.notOk(budget.take(1))
  budget.limit = 5
  budget.give(6)
  t.notOk(budget.take(2))
  t.ok(budget.take(1))
})
