/**
 * Raw sockets for the proxy's tests, on both of its sides. Bytes are read as Latin-1, one character a byte, so that what
 * arrives can be compared with what was sent.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Upstream } from '../../src/domain/ports.ts'

export type Teardown = { teardown(action: () => unknown): void }

export function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening on a port')
  return address.port
}

/** To "unix:/path", "[::1]:80" or "127.0.0.1:80". */
export function connectTo(address: string): Socket {
  if (address.startsWith('unix:')) return connect(address.slice('unix:'.length))
  const [host, port] = [address.slice(0, address.lastIndexOf(':')), address.split(':').at(-1)]
  return connect(Number(port), host.replace(/^\[(.*)\]$/, '$1'))
}

/** One end of a connection. */
export class Wire {
  readonly socket: Socket
  received = ''
  /** The other side has ended its direction cleanly. */
  ended = false
  closed = false
  failed = false

  constructor(socket: Socket) {
    this.socket = socket
    // Each piece that until() looks at leaves one behind.
    socket.setMaxListeners(0)
    socket.on('data', (chunk) => (this.received += chunk.toString('latin1')))
    socket.on('end', () => (this.ended = true))
    socket.on('error', () => (this.failed = true))
    socket.on('close', () => (this.closed = true))
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Resolves when `test` holds of what was received; rejects when the connection closes before it does. */
  async until(test: string | RegExp | ((received: string) => boolean)): Promise<string> {
    const holds = (): boolean =>
      typeof test === 'string'
        ? this.received.includes(test)
        : typeof test === 'function'
          ? test(this.received)
          : test.test(this.received)
    while (!holds()) {
      if (this.closed || this.ended)
        throw new Error(`closed before ${String(test)}; got ${JSON.stringify(this.received.slice(0, 2000))}`)
      await Promise.race(['data', 'end', 'close'].map((event) => happens(this.socket, event)))
    }
    return this.received
  }

  async untilClosed(): Promise<string> {
    while (!this.closed) await happens(this.socket, 'close')
    return this.received
  }
}

/** Like once(), but an error of the socket is no rejection: tests look at what was received. */
const happens = (socket: Socket, event: string): Promise<void> =>
  new Promise((resolve) => {
    socket.once(event, () => resolve())
  })

/** Waits for something that is not an event of ours, one turn of the loop at a time. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds())
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
}

export interface RawUpstream {
  readonly upstream: Upstream
  /** Every connection that was made, in order. */
  readonly wires: Wire[]
  /** The next connection nobody has asked for yet. */
  readonly connection: () => Promise<Wire>
  /** Stops accepting, and breaks what is open. */
  readonly stop: () => Promise<void>
}

/** A server that does nothing by itself; with `serve`, that is called for each connection. */
export async function rawUpstream(t: Teardown, serve?: (wire: Wire) => void, port = 0): Promise<RawUpstream> {
  const wires: Wire[] = []
  let asked = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const wire = new Wire(socket)
    wires.push(wire)
    serve?.(wire)
    server.emit('wire')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    for (const wire of wires) wire.socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  t.teardown(stop)
  return {
    upstream: upstreamAt(portOf(server)),
    wires,
    async connection() {
      const index = asked++
      while (wires[index] === undefined) await once(server, 'wire')
      return wires[index]
    },
    stop,
  }
}

let generations = 0
export const upstreamAt = (port: number): Upstream => ({
  protocol: 'http',
  host: '127.0.0.1',
  port,
  generation: String(generations++),
  relayed: false,
  healthcheck: false,
})

/** A port nothing listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The end of a head. */
export const HEAD = '\r\n\r\n'
/** A request or response from lines. */
export const message = (...lines: string[]): string => `${lines.join('\r\n')}${HEAD}`
/** An upstream that gives every GET the same answer, on as many requests as come. */
export const answering =
  (answer: string) =>
  (wire: Wire): void => {
    let answered = 0
    wire.socket.on('data', () => {
      const asked = wire.received.split(HEAD).length - 1
      for (; answered < asked; answered++) wire.send(answer)
    })
  }
export const OK = message('HTTP/1.1 200 OK', 'Content-Length: 2') + 'ok'
