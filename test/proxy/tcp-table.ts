/**
 * What the kernel thinks of a connection, for tests of what no byte on it can show. Its table is Linux' own:
 * Documentation/networking/proc_net_tcp.rst.
 */
import { readFileSync } from 'node:fs'

/** For tap's `skip` option. */
export const noKernelView: string | false = process.platform !== 'linux' && 'needs /proc/net/tcp'

/** Of the column "st". */
export const ESTABLISHED = '01'
/** Of the column "tr". */
export const KEEPALIVE = '02'

/** The connection between two ports of 127.0.0.1, as seen from the first one; null: there is none. */
export function kernelView(
  from: number | undefined,
  to: number | undefined,
): { state: string; timer: string } | null {
  const end = (port = 0): string => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const [, row] = readFileSync('/proc/net/tcp', 'utf8').split(`${end(from)} ${end(to)} `)
  const [state = '', , timer = ''] = row?.split(' ') ?? []
  return row === undefined ? null : { state, timer: timer.slice(0, 2) }
}
