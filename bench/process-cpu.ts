/** CPU time of a process, as the kernel counts it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Ticks a second in which /proc counts; USER_HZ is 100 wherever Node runs, but asking is cheap. */
const HERTZ = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** Milliseconds of CPU time that a process has used so far, all its threads, in user and kernel mode. Steps of 10 ms. */
export function readCpu(pid: number): number {
  return (parseCpuTicks(readFileSync(`/proc/${pid}/stat`, 'utf8')) / HERTZ) * 1000
}

/**
 * utime + stime, fields 14 and 15 of /proc/PID/stat (proc_pid_stat(5)). Field 2 is the name in parentheses, and may itself hold
 * blanks and parentheses: fields are counted from the last one. @throws Error for anything else.
 */
export function parseCpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  if (!Number.isFinite(ticks)) throw new Error('/proc/PID/stat has no utime and stime')
  return ticks
}

/** Milliseconds that a core (from 0) has worked so far, for whomever: interrupts too, not waiting for a disk. */
export function readCoreCpu(core: number): number {
  return (parseCoreTicks(readFileSync('/proc/stat', 'utf8'), core) / HERTZ) * 1000
}

/**
 * user, nice, system, irq, softirq and steal of the line `cpuN` in /proc/stat (proc_stat(5)): all but idle and iowait; guest time is in
 * user already. @throws Error when there is no such core.
 */
export function parseCoreTicks(stat: string, core: number): number {
  const [, line] = stat.match(new RegExp(`^cpu${core} (.+)$`, 'm')) ?? []
  const [user, nice, system, , , irq, softirq, steal] = line?.split(' ').map(Number) ?? []
  const ticks = [user, nice, system, irq, softirq, steal].reduce<number>(
    (sum, part) => sum + (part ?? NaN),
    0,
  )
  if (!Number.isFinite(ticks)) throw new Error(`/proc/stat has no core ${core}`)
  return ticks
}
