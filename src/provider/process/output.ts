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

/** A line is cut here: the log is no place for a dump. */
const LONGEST_LINE = 16_384

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
  readLines(new Socket({ fd, readable: true, writable: false }), (line) => onLine(name, line))
}

/** Calls back for each line of text, without its end. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = (lines.pop() ?? '').slice(0, LONGEST_LINE)
    for (const line of lines) onLine(line.replace(/\r$/, '').slice(0, LONGEST_LINE))
  })
  stream.on('end', () => {
    if (rest !== '') onLine(rest)
  })
  stream.on('error', () => stream.destroy())
}
