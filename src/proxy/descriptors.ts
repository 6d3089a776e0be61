/**
 * Clients that the operating system has no room for. Without a bound of ours the last file descriptor goes to whoever comes next:
 * libuv then closes every new connection without a word to anybody (1.52, src/unix/stream.c, uv__emfile_trick), and there is none
 * left for a service, for Docker or for the admin API either. So a part is kept free, and the log says who was turned away.
 */
import { readFile } from 'node:fs/promises'
import type { Clock } from '../domain/ports.ts'

/** Of all file descriptors: an eighth, and at least so many, are for everything but clients. */
const KEPT_FREE = 64
/** Milliseconds between two lines. */
const QUIET = 60_000

/** How many clients may be connected to one listener; null: the limit cannot be told (only Linux shows it), or there is none. */
export async function mostClients(file = '/proc/self/limits'): Promise<number | null> {
  const limits = await readFile(file, 'utf8').catch(() => '')
  const open = Number(/^Max open files +(\d+) /m.exec(limits)?.[1])
  return Number.isNaN(open) ? null : Math.max(1, open - Math.max(KEPT_FREE, open >> 3))
}

/** Call it for every client that is turned away: a line at once, and then at most one a minute, with their number. */
export function createTurnedAway(
  log: { error(fields: object, message: string): void },
  clock: Clock,
): (why: string) => void {
  let since: { count: number; why: string } | null = null
  const say = (count: number, why: string): void => {
    since = { count: 0, why }
    clock.setTimer(QUIET, look)
    const who = count === 1 ? '1 connection was' : `${count} connections were`
    log.error(
      { event: 'turned_away', connections: count, reason: why },
      `${who} turned away: ${why}. Raise the limit of file descriptors: \`ulimit -n\`, \`LimitNOFILE=\` of systemd, ` +
        '`--ulimit nofile=` of Docker.',
    )
  }
  const look = (): void => {
    const last = since
    since = null
    if (last !== null && last.count > 0) say(last.count, last.why)
  }
  return (why) => {
    if (since === null) say(1, why)
    else since = { count: since.count + 1, why }
  }
}
