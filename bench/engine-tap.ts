/**
 * A unix socket in front of the engine's that times every call: how long the engine took for each, and what passed between
 * them. It shows what a start call of WakeDock's consists of, which no figure of WakeDock's own can. WakeDock dials
 * anew for each call (src/provider/docker/connection.ts), so one connection is one call.
 */
import { rm } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One call; times on performance.now(). */
export interface EngineCall {
  /** "POST start", "GET json": the method, and what is asked of the container. */
  readonly what: string
  /** Name or id of the container; empty where none is meant. */
  readonly container: string
  readonly askedAt: number
  /** The first byte of the engine's answer. */
  answeredAt: number
}

export interface EngineTap {
  /** unix:///… */
  readonly host: string
  /** In the order in which they were asked. */
  readonly calls: EngineCall[]
}

export async function openEngineTap(
  scope: { teardown(callback: () => unknown): void },
  enginePath: string,
): Promise<EngineTap> {
  const path = join(tmpdir(), `wakedock-bench-${process.pid}.sock`)
  const calls: EngineCall[] = []
  const server = createServer((client) => {
    const engine = createConnection(enginePath)
    let call: EngineCall | null = null
    client.on('data', (chunk: Buffer) => {
      const [, method, path = ''] = chunk.toString('latin1').match(/^([A-Z]+) ([^\s?]+)\S* HTTP/) ?? []
      if (call !== null || method === undefined) return
      const [, container = '', action = ''] = path.match(/\/containers\/([^/]+)\/(\w+)$/) ?? []
      call = { what: `${method} ${action}`, container, askedAt: performance.now(), answeredAt: 0 }
      calls.push(call)
    })
    engine.once('data', () => {
      if (call !== null) call.answeredAt = performance.now()
    })
    client.on('error', () => engine.destroy())
    engine.on('error', () => client.destroy())
    client.on('close', () => engine.destroy())
    engine.on('close', () => client.destroy())
    client.pipe(engine).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  scope.teardown(async () => {
    server.close()
    await rm(path, { force: true })
  })
  return { host: `unix://${path}`, calls }
}
