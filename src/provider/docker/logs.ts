/**
 * The logs of containers, for people. To follow one is to follow the service: Docker ends its stream with every run, so it is
 * opened again for the next one, from where it ended, and for the container that takes the place of one that was
 * recreated. Nothing is asked of Docker meanwhile, beyond a look every few seconds: its events say when.
 */
import { TargetError, toTargetError } from '../../errors.ts'
import type { Clock, LogLine, LogOptions } from '../../domain/ports.ts'
import { delay } from '../delay.ts'
import { statusCode } from './connection.ts'
import { nameOf } from './container.ts'
import type { Container } from './container.ts'
import type { Engine, LogQuery } from './engine.ts'
import { missing } from './faults.ts'
import { linesOf } from './log-lines.ts'

export interface Logs {
  /** As Insight.logs. A container that was removed is waited for while its log is followed. */
  read(name: string, options: LogOptions): AsyncGenerator<LogLine>
  /** Something has happened to the containers of these names. */
  changed(names: readonly string[]): void
  /** Ends all that are being read. */
  close(): void
}

export interface LogsOptions {
  readonly engine: Pick<Engine, 'logs'>
  readonly clock: Clock
  /** null: there is none. */
  readonly find: (name: string) => Promise<Container | null>
}

/** Milliseconds between looks at a container that does not run, or an engine that does not answer: events may be lost. */
const LOOK_EVERY = 5_000

/** How far a log has been read. */
interface Position {
  /** Of the container. */
  readonly id: string
  /** Time of the last line, in the engine's words; null: none has been read. */
  stamp: string | null
  /** Lines of that time: the engine counts in nanoseconds, and sends those of the first one again. */
  count: number
}

export function createLogs({ engine, clock, find }: LogsOptions): Logs {
  const closing = new AbortController()
  const waiting = new Set<{ readonly name: string; readonly wake: () => void }>()

  /** Reads from the position on; without one, as the options say. */
  async function* run(
    container: Container,
    position: Position,
    query: LogQuery,
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    const stop = new AbortController()
    const from = position.stamp
    const tty = container.Config.Tty === true
    let seen = from === null || tty ? 0 : position.count
    try {
      // Of a terminal nothing may come twice: an unfinished line and the next one would come as one.
      const since = from === null ? {} : { since: seconds(from, tty ? 1 : 0) }
      const ends = AbortSignal.any([signal, stop.signal])
      const stream = await engine.logs(container, { ...query, ...since }, ends)
      const lines = linesOf(stream[Symbol.asyncIterator](), tty)
      for await (const line of lines) {
        if (seen > 0 && line.stamp === from) {
          seen -= 1
          continue
        }
        if (line.stamp !== null) {
          position.count = line.stamp === position.stamp ? position.count + 1 : 1
          position.stamp = line.stamp
        }
        const { at, stream, text } = line
        yield { at, stream, text }
      }
    } catch (error) {
      throw error instanceof TargetError ? error : brokenOff(error, container)
    } finally {
      // Whoever reads no further closes the connection with it.
      stop.abort()
    }
  }

  async function* read(name: string, { tail, follow, signal: asked }: LogOptions): AsyncGenerator<LogLine> {
    const signal = AbortSignal.any([asked, closing.signal])
    let position = null as Position | null
    while (!signal.aborted) {
      const change = nextChange(name)
      try {
        const container = await find(name)
        if (container === null && position === null) throw missing(name)
        if (container !== null) {
          const first = position === null
          // A recreated one has a log of its own.
          if (position?.id !== container.Id) position = { id: container.Id, stamp: null, count: 0 }
          if (first && tail === 0) {
            // Only to learn where its end is.
            const query = { tail: 1, follow: false }
            const end = run(container, position, query, signal)
            while ((await end.next()).done !== true);
          }
          if (first && tail === 0 && !follow) return
          yield* run(container, position, { tail: first && tail > 0 ? tail : 'all', follow }, signal)
        }
        if (!follow) return
        await change.rest(signal)
      } catch (error) {
        if (signal.aborted) return
        const fault = unreadable(error, name)
        // Removed amid it, or an engine that restarts: what may come back is waited for.
        const passing = fault.reason === 'unreachable' || fault.reason === 'missing'
        if (!follow || position === null || !passing) throw fault
        await change.rest(signal)
      } finally {
        change.forget()
      }
    }
  }

  /** Asked for before the look, so that nothing falls in between. */
  function nextChange(name: string) {
    const changed = new AbortController()
    const waiter = { name, wake: () => changed.abort() }
    waiting.add(waiter)
    return {
      rest: (signal: AbortSignal) => delay(clock, LOOK_EVERY, AbortSignal.any([signal, changed.signal])),
      forget: () => void waiting.delete(waiter),
    }
  }

  return {
    read,
    changed(names) {
      for (const { name, wake } of waiting) if (names.includes(name)) wake()
    },
    close: () => closing.abort(),
  }
}

/** Nothing but the end of an engine ends a log amid its bytes. */
function brokenOff(error: unknown, container: Container): TargetError {
  const what = error instanceof Error ? error.message : String(error)
  return new TargetError(
    'unreachable',
    `the log of container ${nameOf(container)} broke off (${what})`,
    'See whether Docker was restarted (journalctl -u docker), and read it again.',
    error,
  )
}

/** 501: the log goes where Docker itself cannot read it (moby: daemon/logger, ErrReadLogsNotSupported). */
function unreadable(error: unknown, name: string): TargetError {
  const fault = toTargetError(error)
  const status = statusCode(fault.cause)
  if (status === 404) return missing(name)
  if (status !== 501) return fault
  return new TargetError(
    'refused',
    `the log driver of container ${name} keeps nothing that Docker can read`,
    'Give the container another one (logging: { driver: local } in Compose, or --log-driver local) and recreate it, or read the log where the driver sends it.',
    error,
  )
}

/** So many nanoseconds later, as Docker takes it (moby: api/types/time/timestamp.go): seconds, a point, and all nine digits. */
function seconds(stamp: string, later: number): string {
  const [, fraction = ''] = /\.(\d+)/.exec(stamp) ?? []
  const nanoseconds = Number(fraction.padEnd(9, '0')) + later
  const whole = Math.floor(Date.parse(stamp) / 1000) + Math.floor(nanoseconds / 1e9)
  return `${whole}.${String(nanoseconds % 1e9).padStart(9, '0')}`
}
