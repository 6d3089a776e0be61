/**
 * What a process prints, line by line. Its standard output and error are named pipes that the process itself holds open
 * for reading too, so they do not break when WakeDock is killed: with ordinary pipes the first line printed after that
 * would end most programs (SIGPIPE, EPIPE), and nothing would be left to adopt. Until a new WakeDock reads on, a
 * process can print 64 KiB, the size of a pipe; then its writes wait.
 */
import { execFile } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

export type StreamName = 'stdout' | 'stderr'
export type OnLine = (stream: StreamName, line: string) => void

/** Both ends of a process's output, before it is started. */
export interface Output {
  /** For the `stdio` of spawn. */
  readonly stdout: number
  readonly stderr: number
  /** After the spawn, whether it worked or not: closes our copies of the process's ends. */
  handOver(): void
}

interface OutputTime {
  now(): number
  pause(ms: number): Promise<unknown>
}

/** A line is cut here: the log is no place for a dump. */
const LONGEST_LINE = 16_384

/** What is read of one stream in BUDGET_MS milliseconds: 640 KiB/s, or 3,000 short lines a second (a tenth of a core). */
const BUDGET = 65_536
const BUDGET_MS = 100
/** What a line costs beside its characters. */
const LINE_COST = 200
/** Two seconds of printing at the limit: the log says so, or nobody would know why the process is slow. */
const PAUSES_TOLD = 20

const NAMES = ['stdout', 'stderr'] as const

/**
 * Makes the pipes and reads them until the last process that holds them has ended.
 * Null where there is no mkfifo: use ordinary pipes then.
 */
export async function openOutput(onLine: OnLine): Promise<Output | null> {
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-'))
  const ends: number[] = []
  try {
    const paths = NAMES.map((name) => join(folder, name))
    await promisify(execFile)('mkfifo', ['-m', '600', ...paths])
    for (const path of paths) ends.push(openSync(path, constants.O_RDWR))
    for (const name of NAMES) readFrom(join(folder, name), name, onLine)
  } catch {
    for (const end of ends) closeSync(end)
    return null
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const [stdout, stderr] = ends
  if (stdout === undefined || stderr === undefined) return null
  return {
    stdout,
    stderr,
    handOver() {
      for (const end of ends) closeSync(end)
    },
  }
}

/** Reads on from a process that an earlier WakeDock started. Does nothing where that cannot be. */
export async function reopenOutput(pid: number, onLine: OnLine): Promise<void> {
  for (const [index, name] of NAMES.entries()) {
    const path = `/proc/${pid}/fd/${index + 1}`
    try {
      // Anything but a pipe is the process's own: a file it logs to, or /dev/null.
      if ((await stat(path)).isFIFO()) readFrom(path, name, onLine)
    } catch {
      // It has ended, or is not ours to look at: its output is all that is lost.
    }
  }
}

/**
 * A descriptor of our own: O_NONBLOCK belongs to it, and must not reach the process's end. A bare one, which the socket
 * closes: a FileHandle would close the number a second time, whoever has it by then.
 */
function readFrom(path: string, name: StreamName, onLine: OnLine): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  void readLines(new Socket({ fd, readable: true, writable: false }), (line) => onLine(name, line))
}

/**
 * Calls back for each line of text, without its end, until the stream ends. Never rejects.
 *
 * Every line is a line of WakeDock's log, written before the next request is looked at: a process that prints without end
 * (measured: `yes`, 200,000 lines a second) would leave no time for the other services. So output beyond the budget
 * is read later, and waits in its pipe; the process waits with it.
 * @param time for tests: milliseconds on a clock that never jumps, and a wait of so many.
 */
export async function readLines(
  stream: Readable,
  onLine: (line: string) => void,
  time: OutputTime = { now: () => performance.now(), pause: delay },
): Promise<void> {
  let rest = ''
  let budget = BUDGET
  /** Pauses one after the other: a burst at the start of an app is nothing to talk about. */
  let pauses = 0
  let since = time.now()

  const refill = async (): Promise<void> => {
    const wait = BUDGET_MS - (time.now() - since)
    pauses = wait > 0 ? pauses + 1 : 0
    if (pauses === PAUSES_TOLD)
      onLine('(it prints more than WakeDock logs; its output is slowed down, and the process with it)')
    if (wait > 0) await time.pause(wait)
    budget = BUDGET
    since = time.now()
  }

  stream.setEncoding('utf8')
  try {
    for await (const chunk of stream) {
      const lines = (rest + String(chunk)).split('\n')
      const last = lines.pop() ?? ''
      for (const line of lines) {
        onLine(line.replace(/\r$/, '').slice(0, LONGEST_LINE))
        budget -= line.length + LINE_COST
        if (budget <= 0) await refill()
      }
      rest = last.slice(0, LONGEST_LINE)
      // What is thrown away has to be read as well.
      budget -= last.length - rest.length
      if (budget <= 0) await refill()
    }
  } catch {
    // Broken off: what was printed until then is all there is.
  }
  if (rest !== '') onLine(rest)
}
