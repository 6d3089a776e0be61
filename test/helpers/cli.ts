/** A command's world as a test sees it: what it prints, and a daemon that is not there. */
import { EventEmitter } from 'node:events'
import { dispatch } from '../../src/cli/dispatch.ts'
import type { RunningDaemon, ServeIo, StartOptions } from '../../src/cli/serve.ts'
import { FakeClock } from './fake-clock.ts'
import { NOW } from './fake-control.ts'

export interface FakeIo extends ServeIo {
  out: string
  err: string
  /** emit('SIGTERM') is the signal; 'resize' and 'end' are the terminal's and the process'. */
  readonly signals: EventEmitter
  /** Time of its timers; now() stands still. */
  readonly clock: FakeClock
  /** Set by serve. */
  fatal: ((error: unknown) => void) | null
}

export function fakeIo(changes: Partial<ServeIo> = {}): FakeIo {
  const signals = new EventEmitter()
  const clock = new FakeClock()
  const io: FakeIo = {
    out: '',
    err: '',
    signals,
    clock,
    fatal: null,
    stdout: { write: (text) => void (io.out += text) },
    stderr: { write: (text) => void (io.err += text) },
    env: {},
    isTTY: false,
    stderrIsTTY: false,
    columns: 80,
    rows: 24,
    cwd: '/nowhere',
    now: () => NOW,
    version: '1.2.3',
    startDaemon: (_options: StartOptions): Promise<RunningDaemon> =>
      Promise.reject(new Error('no daemon here')),
    setTimer: (delay, callback) => clock.setTimer(delay, callback),
    onResize: (callback) => void signals.on('resize', callback),
    onPause: (stopping, goingOn) => void signals.on('SIGTSTP', stopping).on('SIGCONT', goingOn),
    onEnd: (callback) => void signals.on('end', callback),
    onSignal: (name, callback) => void signals.on(name, callback),
    onFatal: (report) => {
      io.fatal = report
    },
    ...changes,
  }
  return io
}

/** Runs a command line of plain words. */
export async function run(line: string, changes: Partial<ServeIo> = {}) {
  const io = fakeIo(changes)
  const code = await dispatch(line === '' ? [] : line.split(' '), io)
  return { code, out: io.out, err: io.err }
}
