/**
 * The main job as its users meet it: a browser's HTTP/2 over TLS to a real Caddy, WakeDock behind it, containers of a
 * real engine behind that. The configuration is the one of examples/caddy-docker.
 */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http2'
import { Agent } from 'node:https'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { dockerSkip, openDocker, until } from '../helpers/docker.ts'
import { folder, programSkip } from '../helpers/programs.ts'
import { CLIENT, exchange, startCaddy, startExample } from './caddy.ts'

const skip = programSkip('caddy') || dockerSkip()
const sha256 = (body: Buffer): string => createHash('sha256').update(body).digest('hex')

t.test('over HTTPS and HTTP/2, every kind of request wakes a cold container', { skip }, async (t) => {
  const names = ['get', 'post', 'sse', 'socket']
  const docker = await openDocker(t)
  await Promise.all(names.map((name) => docker.create(name, { env: { BOOT_MS: '300' } })))
  const wakedock = await startExample(t, docker, names)
  const caddy = await startCaddy(t, wakedock.proxy, names)
  const session = (name: string) => caddy.session(`${name}.localhost`)
  const asleep = async (t: Test, name: string): Promise<void> => {
    t.equal((await wakedock.service(name)).state, 'asleep', `${name} is asleep before its first request`)
  }

  t.jobs = names.length

  t.test('GET, with the headers that say who asked', async (t) => {
    await asleep(t, 'get')
    const client = await session('get')
    t.equal(client.alpnProtocol, 'h2')
    const reply = await exchange(client, '/headers?a=%2F', { headers: { 'x-forwarded-for': '203.0.113.9' } })
    t.equal(reply.status, 200)
    t.match(reply.headers['server-timing'], /^wake;dur=\d/u, 'it was held')
    const seen = JSON.parse(reply.body.toString())
    t.match(seen, { method: 'GET', url: '/headers?a=%2F' })
    const header = (name: string): string[] =>
      seen.rawHeaders.filter((_: string, i: number, all: string[]) => all[i - 1]?.toLowerCase() === name)
    // Caddy does not believe its client's X-Forwarded-For; WakeDock believes Caddy's, and adds Caddy itself.
    t.same(header('x-forwarded-for'), [`${CLIENT}, 127.0.0.1`])
    t.same(header('x-forwarded-proto'), ['https'])
    t.same(header('x-forwarded-host'), [`get.localhost:${caddy.port}`])
    t.same(header('host'), [`get.localhost:${caddy.port}`])
  })

  t.test('POST, with its body intact both ways', async (t) => {
    await asleep(t, 'post')
    const body = randomBytes(300_000)
    const reply = await exchange(await session('post'), '/echo', { method: 'POST', body })
    t.equal(reply.status, 200)
    t.match(reply.headers['server-timing'], /^wake;dur=\d/u, 'it was held')
    t.match(reply.headers, { 'x-method': 'POST', 'x-sha256': sha256(body) })
    t.equal(sha256(reply.body), sha256(body))
  })

  t.test('Server-Sent Events, each as it happens', async (t) => {
    await asleep(t, 'sse')
    const client = await session('sse')
    // It never ends: what arrives, arrives while it is open.
    const stream = client.request({ ':path': '/sse?events=0' })
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
    t.match(headers, { ':status': 200, 'content-type': 'text/event-stream' })
    let received = ''
    for await (const chunk of stream.setEncoding('utf8')) {
      received += String(chunk)
      if (received.includes('event 2\n\n')) break
    }
    t.equal(received, [0, 1, 2].map((n) => `id: ${n}\ndata: event ${n}\n\n`).join(''))
    await until('a stream whose client left counts no more', async () => {
      return (await wakedock.service('sse')).in_flight === 0
    })
  })

  t.test('WebSocket, in both directions', async (t) => {
    await asleep(t, 'socket')
    const host = `socket.localhost:${caddy.port}`
    const socket = new WebSocket(`wss://127.0.0.1:${caddy.port}/ws`, {
      agent: new Agent({ ca: caddy.ca, servername: 'socket.localhost' }),
      headers: { host },
    })
    t.teardown(() => socket.terminate())
    await once(socket, 'open')
    for (const sent of [Buffer.from('text'), randomBytes(100_000)]) {
      socket.send(sent)
      const [received] = (await once(socket, 'message')) as [Buffer]
      t.equal(sha256(received), sha256(sent))
    }
    t.equal((await wakedock.service('socket')).in_flight, 1)
    socket.close()
    await once(socket, 'close')
    await until('the socket counts no more', async () => (await wakedock.service('socket')).in_flight === 0)
  })
})

t.test('Caddy reaches WakeDock over a unix socket, as the example says', { skip }, async (t) => {
  const readme = await readFile(new URL('../../examples/caddy-docker/README.md', import.meta.url), 'utf8')
  const [, path = ''] = /^listen: unix:(\S+)$/m.exec(readme) ?? []
  t.match(readme, `reverse_proxy unix/${path} {`, 'both name the same socket')
  const docker = await openDocker(t)
  await docker.create('unix')
  const home = await folder(t)
  const wakedock = await startExample(t, docker, ['unix'], { listen: `unix:${join(home, basename(path))}` })
  const caddy = await startCaddy(t, wakedock.proxy, ['unix'])
  const client = await caddy.session('unix.localhost')
  const body = randomBytes(300_000)
  const reply = await exchange(client, '/echo', { method: 'POST', body })
  t.match(reply, { status: 200, headers: { 'x-sha256': sha256(body), 'server-timing': /^wake;dur=\d/u } })
  const seen = JSON.parse((await exchange(client, '/headers')).body.toString())
  const lines: string[] = seen.rawHeaders
  const forwarded = lines.filter((_, i) => lines[i - 1]?.toLowerCase() === 'x-forwarded-for')
  t.same(forwarded, [CLIENT], 'Caddy is believed, and has no address to add')
})

t.test('connections that Caddy kept open lose no request after a sleep', { skip }, async (t) => {
  const docker = await openDocker(t)
  await docker.create('blog')
  const wakedock = await startExample(t, docker, ['blog'], { idleTimeout: '1s' })
  const caddy = await startCaddy(t, wakedock.proxy, ['blog'])
  const client = await caddy.session('blog.localhost')
  const since = Date.now() / 1000

  for (const round of [1, 2, 3]) {
    // 80 at once: so many connections does Caddy open to WakeDock in the first round, and keep for the next ones.
    const bodies = Array.from({ length: 80 }, () => randomBytes(2_000))
    const replies = await Promise.all(
      bodies.map((body) => exchange(client, '/echo', { method: 'POST', body })),
    )
    t.same(
      replies.map(({ status, headers }) => ({ status, received: headers['x-sha256'] })),
      bodies.map((body) => ({ status: 200, received: sha256(body) })),
      `round ${round}: all arrived, and whole`,
    )
    await until('it sleeps again', async () => (await wakedock.service('blog')).state === 'asleep')
  }
  const actions = await docker.actions(docker.name('blog'), since)
  t.equal(actions.filter((action) => action === 'start').length, 3, 'one start a round')
})
