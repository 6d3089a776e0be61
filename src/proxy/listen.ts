/**
 * Binding one server to one listen address. Its own file for the one thing that needs care: a unix socket's file survives a
 * process that was killed, and stands in the way of the next one; but a live one must not be taken from its owner.
 */
import { once } from 'node:events'
import { unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import type { Listen } from '../config/settings.ts'

/** Resolves to "host:port" with the real port, or "unix:/path". Rejects with Node's error, whose code says why. */
export async function bind(server: Server, listen: Listen | undefined): Promise<string> {
  if (listen === undefined) throw new Error('no address to listen on')
  if (listen.kind === 'unix') {
    try {
      await open(server, { path: listen.path })
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE' || !(await isStale(listen.path))) throw error
      await unlink(listen.path)
      await open(server, { path: listen.path })
    }
    return `unix:${listen.path}`
  }
  await open(server, { host: listen.host, port: listen.port })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : listen.port
  return listen.host.includes(':') ? `[${listen.host}]:${port}` : `${listen.host}:${port}`
}

async function open(
  server: Server,
  address: { path: string } | { host: string; port: number },
): Promise<void> {
  const listening = once(server, 'listening')
  server.listen(address)
  await listening
}

/** Nobody accepts on it. */
async function isStale(path: string): Promise<boolean> {
  const probe = connect(path)
  try {
    await once(probe, 'connect')
    return false
  } catch (error) {
    return codeOf(error) === 'ECONNREFUSED'
  } finally {
    probe.destroy()
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined
