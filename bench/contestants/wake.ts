/**
 * Who can wake an app, and how it is told. Every contestant answers the same question: how long from the wish to the first
 * byte, how much of that was the engine's, and how much the app's own.
 */
import type { WakeCase } from '../wake-cases.ts'

/** A wake seen from inside, in milliseconds. */
export interface Inside {
  /** From the end of the reported start to ready. */
  readonly ready: number
  /** All of the wake; what is missing to the total is the proxy's, before and after. */
  readonly wake: number
  readonly calls: readonly TimedCall[]
}

/** A call to the engine. */
export interface TimedCall {
  readonly what: string
  /** Since the answer before it, or the wish. */
  readonly after: number
  readonly took: number
}

/** One wake, in milliseconds. */
export interface Wake {
  /** From the wish (the client's dial; without a proxy, the start call) to the answer's first byte. */
  readonly total: number
  /** The engine's `POST /containers/ID/start` (a paused one: `unpause`), from the question to its answer. */
  readonly start: number
  /** The start as the contestant itself reports it; what it does around the engine's call is in here. */
  readonly reportedStart: number
  /** The app's boot, as the app reports it: from the start of its process to listening. 0 for a paused one. */
  readonly boot: number
  /** From the moment the app listens, on its own clock, to the answer's first byte. Says nothing of a paused one. */
  readonly sinceListening: number
  /** From the wish to the moment the engine is asked to start. */
  readonly untilStart: number
  /** What only WakeDock can tell. */
  readonly inside?: Inside
}

export interface Contestant {
  readonly name: string
  /** Wakes the app of this case; it is asleep. */
  wake(one: WakeCase): Promise<Wake>
  /** Puts it back to sleep, and resolves when it is. */
  sleep(one: WakeCase): Promise<void>
}

/** Of the milliseconds from wish to first byte, those that neither the engine nor the app can be blamed for. */
export function overhead({ total, start, boot }: Wake): number {
  return total - start - boot
}

export interface BootReport {
  /** Milliseconds from the start of the app's process to listening. */
  readonly boot: number
  /** When it listened, on this process's performance.now(). */
  readonly listeningAt: number
}

/** Reads the app's answer to GET /boot (test/helpers/app.ts). @throws Error when it is something else. */
export function readBoot(body: string): BootReport {
  const report: unknown = JSON.parse(body)
  const isReport =
    typeof report === 'object' && report !== null && 'bootMs' in report && 'listeningAt' in report
  if (!isReport || typeof report.bootMs !== 'number' || typeof report.listeningAt !== 'number') {
    throw new Error(`the app does not say how long it booted: ${body}`)
  }
  return { boot: report.bootMs, listeningAt: report.listeningAt - epochOffset() }
}

/**
 * What performance.now() lacks to the wall clock the app tells its time by (a container has the host's clock). Taken
 * afresh, at a tick of Date.now(): performance.timeOrigin is as old as the process, and the wall clock is steered.
 */
function epochOffset(): number {
  const before = Date.now()
  let wall = before
  while (wall === before) wall = Date.now()
  return wall - performance.now()
}
