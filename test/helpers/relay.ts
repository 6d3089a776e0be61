/** A way to an engine's unix socket that a test can cut or clog: Docker that is gone, back, slow, or has dropped its connections. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A unix socket in front of the engine's that a test can take away and give back. */
export interface Relay {
  /** unix:///… */
  readonly host: string
  /** Removes the socket and cuts every connection: Docker is gone. */
  down(): Promise<void>
  /** Docker is back. */
  up(): Promise<void>
  /** Cuts every connection, and goes on accepting new ones. */
  cut(): void
  /** From now on what the engine says arrives so many milliseconds late; 0: at once. */
  slow(ms: number): void
  /** Keeps back requests like this, as `requests` has them, until the function it returns is called: Docker hangs. */
  hold(like: RegExp): () => void
  /** Requests seen so far, as `GET /v1.41/containers/x/json`. */
  readonly requests: readonly string[]
}

/** Opens one, listening if `start`. Disposed of, it leaves no socket behind. */
export async function openRelay(socketPath: string, start: boolean): Promise<Relay & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-relay-'))
  const path = join(folder, 'docker.sock')
  const sockets = new Set<Socket>()
  const requests: string[] = []
  const holds = new Set<{ like: RegExp; over: Promise<void> }>()
  let lag = 0
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((client) => {
    const engine = createConnection(socketPath)
    for (const socket of [client, engine]) {
      sockets.add(socket)
      // The iterations below tell the other side.
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    void forward(client, engine, async (chunk) => {
      const [line] = chunk.toString('latin1').match(/^(?:GET|POST|DELETE|PUT) \S+/) ?? []
      if (line === undefined) return
      requests.push(line)
      await clear(line)
    })
    void forward(engine, client, async () => {
      if (lag > 0) await delay(lag)
    })
  })
  /** Resolves when a request may go on. */
  const clear = async (line: string): Promise<void> => {
    for (const { like, over } of holds) if (like.test(line)) await over
  }
  const relay: Relay = {
    host: `unix://${path}`,
    requests,
    cut,
    slow(ms) {
      lag = ms
    },
    hold(like) {
      const { promise: over, resolve } = Promise.withResolvers<void>()
      const hold = { like, over }
      holds.add(hold)
      return () => {
        holds.delete(hold)
        resolve()
      }
    },
    async down() {
      if (!server.listening) return
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
    async up() {
      if (server.listening) return
      await new Promise<void>((resolve) => server.listen(path, resolve))
    },
  }
  if (start) await relay.up()
  return {
    ...relay,
    async [Symbol.asyncDispose]() {
      await relay.down()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Hands on what comes, each piece when `ready` has resolved. Never rejects. */
async function forward(from: Socket, to: Socket, ready: (chunk: Buffer) => Promise<void>): Promise<void> {
  try {
    for await (const chunk of from) {
      await ready(chunk)
      to.write(chunk)
    }
    to.end()
  } catch {
    to.destroy()
  }
}
