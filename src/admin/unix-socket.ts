/**
 * Listening on a unix socket: a daemon that was killed leaves its socket file behind, and the next one cannot bind
 * until somebody removes it. Removed here, but only when it is a socket and nobody answers on it.
 */
import { chmod, lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/** Makes room at `path`. Throws when something that is not a dead socket is there. */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  })
  if (found === null) return
  if (!found.isSocket()) {
    throw new Error(`admin.listen: ${path} exists and is not a socket. Remove it, or name another path.`)
  }
  if (await answers(path)) {
    throw new Error(`admin.listen: something listens on ${path} already. End it, or name another path.`)
  }
  await unlink(path)
}

/** Owner and group may connect: the group is how an admin lets somebody in without a token. */
export async function restrictSocket(path: string): Promise<void> {
  await chmod(path, 0o660)
}

/** Only a refused connection proves that nobody listens; "permission denied", say, proves nothing. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', (error) => resolve(!hasCode(error, 'ECONNREFUSED')))
  })
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
