/** A way to an engine's unix socket that a test can cut: Docker that is gone, back, or has dropped its connections. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
  /** Requests seen so far, as `GET /v1.41/containers/x/json`. */
  readonly requests: readonly string[]
}

/** Opens one, listening if `start`. Disposed of, it leaves no socket behind. */
export async function openRelay(socketPath: string, start: boolean): Promise<Relay & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-relay-'))
  const path = join(folder, 'docker.sock')
  const sockets = new Set<Socket>()
  const requests: string[] = []
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((client) => {
    const engine = createConnection(socketPath)
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
    client.on('data', (chunk: Buffer) => {
      const [line] = chunk.toString('latin1').match(/^(?:GET|POST|DELETE|PUT) \S+/) ?? []
      if (line !== undefined) requests.push(line)
    })
  })
  const relay: Relay = {
    host: `unix://${path}`,
    requests,
    cut,
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
