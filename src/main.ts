#!/usr/bin/env -S node --max-semi-space-size=8
/**
 * The process: the only file that touches `process`. It gives the commands their world, turns signals and what nobody
 * caught into calls, and sets the exit code. Everything else is in cli/ and daemon.ts.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { dispatch } from './cli/dispatch.ts'
import type { ServeIo } from './cli/serve.ts'
import { collectAfterStart, rememberTick } from './memory.ts'

/** package.json is one folder up from src/ and from dist/ alike. */
function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const named = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return named ? String(manifest.version) : 'unknown'
}

let reportFatal = (error: unknown): void => {
  process.stderr.write(`wakedock: ${error instanceof Error ? error.stack : String(error)}\n`)
}

/** Told of the end: a screen that is to be given back, say. */
const ends = new Set<() => void>()
function end(): void {
  for (const callback of ends) callback()
  ends.clear()
}
process.on('exit', end)

// The state is unknown after it: ending is safer than going on. What WakeDock started keeps running, and is adopted
// by the next start.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    // First: what is reported onto a screen that is given back afterwards, nobody sees.
    end()
    reportFatal(error)
    process.exit(1)
  })
}

// `wakedock status | head -1`: the reader has what it wants. Everything else wrong with the output is an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}

const io: ServeIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  isTTY: process.stdout.isTTY,
  stderrIsTTY: process.stderr.isTTY,
  // Of whichever is a terminal; it may be made wider and narrower.
  get columns() {
    return (process.stdout.isTTY ? process.stdout : process.stderr).columns ?? 0
  },
  get rows() {
    return process.stdout.rows ?? 0
  },
  cwd: process.cwd(),
  now: Date.now,
  version: readVersion(),
  setTimer(delay, callback) {
    const timer = setTimeout(callback, delay)
    return { cancel: () => clearTimeout(timer) }
  },
  startDaemon: async (options) => {
    const { startDaemon } = await import('./daemon.ts')
    const daemon = await startDaemon(options)
    process.nextTick(rememberTick)
    collectAfterStart()
    return daemon
  },
  onSignal(name, callback) {
    process.on(name, callback)
  },
  onResize(callback) {
    process.stdout.on('resize', callback)
  },
  onPause(stopping, goingOn) {
    process.on('SIGTSTP', () => {
      stopping()
      process.kill(process.pid, 'SIGSTOP')
    })
    process.on('SIGCONT', goingOn)
  },
  onEnd(callback) {
    ends.add(callback)
  },
  onFatal(report) {
    reportFatal = report
  },
}

// Not process.exitCode: after a second signal connections are still open, and would keep the process alive.
const code = await dispatch(process.argv.slice(2), io)
process.stdout.write('', () => process.exit(code))
