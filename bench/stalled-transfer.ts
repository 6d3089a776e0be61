/**
 * One body that stands still in the middle of the proxy: the client stops reading it or writing it, or the app stops reading
 * it. Sockets and counts, no policy: what is measured meanwhile is the caller's.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Scope } from './program.ts'

export const STALLS = ['client reads no further', 'client writes no further', 'app reads no further'] as const
export type Stall = (typeof STALLS)[number]

export interface Transfer {
  /** Bytes of the body that the proxy, with the kernel's buffers around it, has taken and not yet passed on. */
  readonly inside: number
  /** Lets it go on, and resolves when all of it has arrived. @throws Error when a byte is missing. */
  finish(): Promise<void>
}

export interface StallingApp {
  readonly port: number
  /** Resolves when nothing has moved for a while. */
  stall(proxyPort: number, host: string, how: Stall, bytes: number): Promise<Transfer>
}

const CHUNK = Buffer.alloc(65_536, 'wakedock')
/** Milliseconds without a byte after which a transfer stands still. */
const STILL = 1000
const LOOK = 50
/** Milliseconds for a transfer to stop, and for the rest of it. */
const DEADLINE = 30_000

/** One exchange, seen by the app. */
interface Exchange {
  /** Bytes of a body that the app has sent or received. */
  moved: number
  go: () => void
}

export async function startStallingApp(scope: Scope): Promise<StallingApp> {
  /** By path: several transfers at once. */
  const exchanges = new Map<string, Exchange>()
  const server = createServer((request, response) => {
    const exchange = exchanges.get(request.url ?? '')
    const bytes = Number(request.headers['x-bytes'])
    if (exchange === undefined) {
      response.end('ready')
    } else if (request.method === 'GET') {
      response.writeHead(200, { 'content-length': bytes })
      // A proxy that gives up is found by the count at the client.
      write(response, bytes, (moved) => (exchange.moved = moved), true).catch(() => undefined)
    } else {
      // Unread until `go`, where the app is the one that stops.
      exchange.go = () => {
        request.on('data', (chunk: Buffer) => (exchange.moved += chunk.length))
        request.once('end', () => response.end(String(exchange.moved)))
      }
      if (request.headers['x-app'] === 'reads') exchange.go()
    }
  })
  server.requestTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => close(server))
  let serial = 0

  return {
    port: (server.address() as AddressInfo).port,
    async stall(proxyPort, host, how, bytes) {
      const path = `/${(serial += 1)}`
      const app: Exchange = { moved: 0, go: () => undefined }
      exchanges.set(path, app)
      const client = connect(proxyPort, '127.0.0.1')
      // Its end is told by what it has received; a reset that nobody listens to would end the bench.
      client.on('error', () => undefined)
      const received = collect(client)
      const method = how === 'client reads no further' ? 'GET' : 'POST'
      const length = method === 'POST' ? `Content-Length: ${bytes}\r\n` : ''
      const reads = how === 'client writes no further' ? 'X-App: reads\r\n' : ''
      client.write(
        `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nX-Bytes: ${bytes}\r\n${length}${reads}\r\n`,
      )

      if (how === 'client reads no further') {
        await once(client, 'data')
        client.pause()
        const sent = await still(() => app.moved)
        return {
          inside: sent - received.body(),
          async finish() {
            client.resume()
            await received.ended
            expect(received.body(), bytes)
          },
        }
      }
      let written = 0
      const first = how === 'client writes no further' ? bytes / 2 : bytes
      const writing = write(client, first, (moved) => (written = moved), false)
      // Told where it is awaited; until then it must not end the bench.
      writing.catch(() => undefined)
      await still(() => written + app.moved)
      return {
        // What Node still holds on the client's side has not been taken by anybody.
        inside: written - client.writableLength - app.moved,
        async finish() {
          if (how === 'app reads no further') app.go()
          await writing
          await write(client, bytes - first, () => undefined, false)
          await received.ended
          expect(app.moved, bytes)
        },
      }
    },
  }
}

/** Writes so many bytes, as fast as they are taken. `moved` is told how many have been written so far. */
function write(to: Writable, bytes: number, moved: (total: number) => void, end: boolean): Promise<void> {
  function* chunks(): Generator<Buffer> {
    for (let total = 0; total < bytes;) {
      const chunk = CHUNK.subarray(0, Math.min(CHUNK.length, bytes - total))
      total += chunk.length
      moved(total)
      yield chunk
    }
  }
  return pipeline(chunks(), to, { end })
}

/** Counts what comes after the head. */
function collect(socket: Socket): { body(): number; ended: Promise<void> } {
  let head: string | null = ''
  let body = 0
  socket.on('data', (chunk) => {
    if (head === null) {
      body += chunk.length
      return
    }
    head += chunk.toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end === -1) return
    body = head.length - end - 4
    head = null
  })
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return { body: () => body, ended: withDeadline(ended) }
}

/** Resolves to the last count when it has not changed for a while. */
async function still(count: () => number): Promise<number> {
  const deadline = performance.now() + DEADLINE
  let last = count()
  let since = performance.now()
  while (performance.now() - since < STILL) {
    if (performance.now() > deadline) throw new Error('the transfer does not come to a stop')
    await delay(LOOK)
    if (count() === last) continue
    last = count()
    since = performance.now()
  }
  return last
}

async function withDeadline(work: Promise<void>): Promise<void> {
  const timer = new AbortController()
  const late = delay(2 * DEADLINE, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error('the rest of the body does not come')
  })
  try {
    await Promise.race([work, late])
  } finally {
    timer.abort()
  }
}

function expect(count: number, bytes: number): void {
  if (count !== bytes) throw new Error(`${count} of ${bytes} bytes arrived`)
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
