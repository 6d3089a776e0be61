/** The memory of held bodies, counted on a real request: what is kept, what is left to back-pressure, what is given back. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { createBodyBudget, RequestBody } from '../../src/proxy/held-body.ts'
import { eventually, message, portOf } from './wire.ts'

const KIB = 1024

/** A request as node:http gives it, and the raw socket that sends its body. */
async function request(
  t: { teardown(action: () => unknown): void },
  framing: string,
): Promise<{ req: IncomingMessage; client: Socket }> {
  const { promise: arrived, resolve } = Promise.withResolvers<IncomingMessage>()
  const server = createServer(resolve).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(portOf(server), '127.0.0.1')
  client.write(message('POST / HTTP/1.1', 'Host: a', framing))
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
  body.hold()
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
  body.hold()
  client.write('3\r\nabc\r\n0\r\n\r\n')
  await eventually(() => req.readableEnded)
  t.equal(budget.used, 3)
  t.same(body.open(), Buffer.from('abc'))
  body.release()
  t.equal(budget.used, 0)
})

t.test('beyond the budget, and beyond its own share, nothing is read', async (t) => {
  for (const [limit, most] of [
    [0, 0],
    [200 * KIB, 200 * KIB],
    [64 * 1024 * KIB, 1024 * KIB],
  ] as const) {
    const budget = createBodyBudget(limit)
    const { req, client } = await request(t, `Content-Length: ${9000 * KIB}`)
    const body = new RequestBody(req, 9000 * KIB, budget)
    body.hold()
    client.write(Buffer.alloc(9000 * KIB))
    await eventually(() => req.isPaused())
    t.ok(budget.used <= most, `${budget.used} of ${most}`)
    t.ok(budget.used >= most - 64 * KIB)
    const stream = body.open()
    let got = 0
    for await (const chunk of stream) got += Buffer.byteLength(chunk)
    t.equal(got, 9000 * KIB)
    t.equal(budget.used, 0)
    t.notOk(body.replayable)
  }
})

t.test('a stream nobody read from has taken nothing', async (t) => {
  const budget = createBodyBudget(1000 * KIB)
  const { req, client } = await request(t, 'Content-Length: 6')
  const body = new RequestBody(req, 6, budget)
  body.hold()
  client.write('abc')
  await eventually(() => req.readableDidRead)
  const first = body.open()
  t.ok(body.replayable)
  body.hold()
  client.write('def')
  await eventually(() => req.readableEnded)
  if (!Buffer.isBuffer(first)) first.destroy()
  t.same(body.open(), Buffer.from('abcdef'))
})

t.test('a body that ends in the moment it is opened is whole', async (t) => {
  const { req, client } = await request(t, 'Content-Length: 3')
  const body = new RequestBody(req, 3, createBodyBudget(1000 * KIB))
  body.hold()
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
