/**
 * Finds the processes that an earlier WakeDock with the same config file started and left behind when it was killed. Each
 * carries a mark in its environment; Linux shows it in /proc. Elsewhere nothing is found.
 */
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { pid as ownPid } from 'node:process'

/** The variable that carries the mark. Inherited by everything the process starts. */
export const MARK = 'WAKEDOCK_PROCESS'

export interface Found {
  readonly pid: number
  /** Clock ticks after boot: with the pid, it names a process for ever. */
  readonly startTime: string
  readonly port: number
}

interface Stat {
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly startTime: string
  /** Clock ticks of CPU time: its own, and those of the children that it has collected. */
  readonly ticks: number
}

/** proc(5), /proc/pid/stat. The second field may hold anything, so counting begins after its last parenthesis. */
export function parseStat(text: string): Stat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent, group] = fields
  const startTime = fields[19]
  if (state === undefined || startTime === undefined) return null
  // utime, stime, cutime and cstime: fields 14 to 17 of the page, which counts from 1 and the first two with it.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { state, parent: Number(parent), group: Number(group), startTime, ticks }
}

async function statOf(pid: number): Promise<Stat | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return text === null ? null : parseStat(text)
}

/** Start time of a live process; null: there is none (a zombie counts as none), or this is not Linux. */
export async function startTimeOf(pid: number): Promise<string | null> {
  const stat = await statOf(pid)
  return stat === null || stat.state === 'Z' ? null : stat.startTime
}

/** Whether a process group has a member that is no zombie. True where that cannot be told. */
export async function groupHasLiving(group: number): Promise<boolean> {
  const pids = await allPids()
  if (pids.length === 0) return true
  const stats = await Promise.all(pids.map(statOf))
  return stats.some((stat) => stat !== null && stat.group === group && stat.state !== 'Z')
}

/** Linux shows user space hundredths of a second whatever its own clock does (USER_HZ, time(7)). */
const TICKS_A_SECOND = 100

/**
 * Seconds of CPU time of a process group, with those of its members' children that have ended; null where it cannot be told.
 */
export async function cpuSecondsOf(group: number): Promise<number | null> {
  const stats = await Promise.all((await allPids()).map(statOf))
  const members = stats.filter((stat) => stat !== null && stat.group === group)
  if (members.length === 0) return null
  return members.reduce((sum, member) => sum + (member?.ticks ?? 0), 0) / TICKS_A_SECOND
}

/**
 * Bytes of memory that a process group keeps in RAM (VmRSS, proc(5)); what its members share counts for each. null where it
 * cannot be told.
 */
export async function residentBytesOf(group: number): Promise<number | null> {
  const pids = await allPids()
  const stats = await Promise.all(pids.map(statOf))
  const members = pids.filter((_pid, index) => stats[index]?.group === group)
  const sizes = await Promise.all(members.map(residentBytes))
  const known = sizes.filter((size) => size !== null)
  return known.length === 0 ? null : known.reduce((sum, size) => sum + size, 0)
}

/** null: it has ended, a zombie included, which has no memory. */
async function residentBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const [, kilobytes] = /^VmRSS:\s*(\d+) kB$/m.exec(status) ?? []
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

async function allPids(): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}

/**
 * The mark for a process of `key`, as started by this WakeDock for the config in `scope`: a digest of the scope, because
 * two daemons on one machine must not take each other's processes; this daemon's pid and start time; and the key.
 */
export async function makeMark(scope: string, key: string): Promise<string> {
  return `${digest(scope)} ${ownPid} ${(await startTimeOf(ownPid)) ?? '0'} ${key}`
}

function digest(scope: string): string {
  return createHash('sha256').update(scope).digest('hex').slice(0, 16)
}

/** Orphans of this scope by key. With several of one key, the oldest: the others are its descendants. */
export async function findOrphans(scope: string): Promise<Map<string, Found>> {
  const orphans = new Map<string, Found>()
  for (const pid of await allPids()) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
    const variables = new Map(environment.split('\0').map((line) => split(line, '=')))
    const mark = variables.get(MARK)
    if (mark === undefined || !mark.startsWith(`${digest(scope)} `)) continue
    const stat = await statOf(pid)
    const [, daemon, daemonStart, ...key] = mark.split(' ')
    if (stat === null || stat.state === 'Z' || stat.group !== pid) continue
    // Its WakeDock lives: it is not ours to take.
    if (stat.parent === Number(daemon) && (await startTimeOf(stat.parent)) === daemonStart) continue
    const found = { pid, startTime: stat.startTime, port: Number(variables.get('PORT')) }
    const known = orphans.get(key.join(' '))
    if (known === undefined || Number(known.startTime) > Number(found.startTime))
      orphans.set(key.join(' '), found)
  }
  return orphans
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
