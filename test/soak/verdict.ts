/**
 * The account: every request ends in exactly one class, and only a failure with a visible reason is an honest one. Pure, so that
 * the judge can be judged (verdict.test.ts).
 */
import { ERRORS } from '../../src/errors.ts'
import type { Evidence, LogEntry } from './evidence.ts'
import { HOLD_TIMEOUT } from './plans.ts'
import type { Sent } from './traffic.ts'

export type Verdict =
  | { readonly class: 'answered' | 'left' }
  | { readonly class: 'failed'; readonly code: string; readonly cause: string }
  | { readonly class: 'lost'; readonly why: string }

/** Milliseconds that an answer may be late by: the machine is busy. */
const MARGIN = 5000
/** The longest backoff after a failed wake (BACKOFF_CAP in src/domain/moves.ts), and a bit. */
const BACKOFF = 62_000
/** Between what a client and what WakeDock sees of the same request lie two event loops and the kernel's buffers. */
export const BLUR = 1500

export function judge(sent: Sent, evidence: Evidence): Verdict {
  const { outcome } = sent
  switch (outcome.type) {
    case 'left':
      return { class: 'left' }
    case 'wrong':
      return { class: 'lost', why: outcome.why }
    case 'silent':
      return { class: 'lost', why: 'no answer, and no end' }
    case 'answered':
      return punctual(sent, evidence)
    case 'cut': {
      const cause = evidence.wakedockAway(span(sent)) ?? runLost(sent, evidence)
      if (cause === null) return { class: 'lost', why: `the connection broke (${outcome.why})` }
      return { class: 'failed', code: 'connection cut', cause }
    }
    case 'refused': {
      const causes = codesOf(outcome).map((code) => causeOf(code, sent, evidence))
      const cause = causes.find((each) => each !== null) ?? null
      if (cause !== null) return { class: 'failed', code: outcome.code, cause }
      return { class: 'lost', why: `${outcome.status} ${outcome.code} for no reason that shows` }
    }
  }
}

function span({ begin, end }: Sent): { from: number; to: number } {
  return { from: begin, to: end }
}

function runLost({ service, begin, end }: Sent, evidence: Evidence): string | null {
  const span = { from: begin, to: end }
  return evidence.runLost(service, span) ?? evidence.stopInDoubt(service, span)
}

/** A hold has an end; only a run that was lost may begin another one. */
function punctual(sent: Sent, evidence: Evidence): Verdict {
  const waited = (sent.head ?? sent.end) - sent.begin
  const late = waited > HOLD_TIMEOUT * 1000 + MARGIN
  if (!late || evidence.runLost(sent.service, span(sent)) !== null) return { class: 'answered' }
  return { class: 'lost', why: `answered only after ${Math.round(waited / 1000)} s` }
}

/** The answer to a HEAD has no body, and so only its status to tell. */
function codesOf({ status, code }: { status: number; code: string }): readonly string[] {
  if (!code.startsWith('HEAD')) return [code]
  const fit = Object.entries(ERRORS).filter(
    ([name, entry]) => entry.status === status || alsoAs503(name, status),
  )
  return fit.map(([name]) => name)
}

function alsoAs503(name: string, status: number): boolean {
  return status === 503 && name === 'WAKEDOCK_WAKE_FAILED'
}

/** null: none. */
function causeOf(code: string, sent: Sent, evidence: Evidence): string | null {
  const { service } = sent
  switch (code) {
    case 'WAKEDOCK_UPSTREAM_UNREACHABLE':
    case 'WAKEDOCK_UPSTREAM_PROTOCOL':
      return runLost(sent, evidence)
    case 'WAKEDOCK_WAKE_FAILED':
      return failedWake(sent, evidence)
    case 'WAKEDOCK_WAKE_TIMEOUT':
      return evidence.wakeHindered(service, span(sent))
    case 'WAKEDOCK_HOLD_QUEUE_FULL':
      return service === 'narrow' ? 'max_held' : null
    case 'WAKEDOCK_SHUTTING_DOWN':
      return evidence.wakedockAway(span(sent))
    case 'WAKEDOCK_NO_ROUTE':
    case 'WAKEDOCK_SERVICE_REMOVED':
      return service === 'guest' ? 'removed by a reload' : null
    default:
      return null
  }
}

/** The last failure before it, and what that one came from. */
function failedWake(sent: Sent, evidence: Evidence): string | null {
  if (evidence.sleepOrdered(sent.service, span(sent))) return 'put to sleep by order'
  const failure = evidence
    .logged(sent.service, { from: sent.begin - BACKOFF, to: sent.end + BLUR })
    .findLast(isFailure)
  if (failure === undefined) return null
  const lasted = Number(failure.line['total_ms'] ?? 0)
  const root = evidence.wakeHindered(sent.service, { from: failure.at - lasted, to: failure.at + BLUR })
  if (root === null) return null
  return failure.line.event === 'wake_finished'
    ? `wake failed (${String(failure.line['reason'])}), ${root}`
    : root
}

function isFailure({ line }: LogEntry): boolean {
  return line.event === 'target_changed' || (line.event === 'wake_finished' && line['outcome'] !== 'ready')
}

/** Requests that were in flight, from their clients' side, when WakeDock put what they use to sleep on its own account. */
export function sleptInUse(sent: readonly Sent[], evidence: Evidence): Map<Sent, LogEntry> {
  const found = new Map<Sent, LogEntry>()
  for (const { entry, busy } of ownSleeps(evidence)) {
    for (const request of sent) {
      const { begin, end, service } = request
      if (begin >= entry.at - BLUR || end <= entry.at + BLUR || found.has(request)) continue
      // What a service needs may well sleep when the service does, or has lost its run; its requests then wait to wake all of it.
      const own = entry.service === service
      if (own || (busy.has(service) && evidence.concerns(service, entry.service))) found.set(request, entry)
    }
  }
  return found
}

/** Each with the services that were not asleep at that time. */
function* ownSleeps(evidence: Evidence): Generator<{ entry: LogEntry; busy: ReadonlySet<string> }> {
  const busy = new Set<string>()
  for (const entry of evidence.witnesses.log) {
    const { line, service } = entry
    if (line.event === 'sleep_started' && line['reason'] !== 'operator') yield { entry, busy }
    const [, state] = (line.event === 'state' && /-> (\w+)$/.exec(line.msg)) || []
    if (state === undefined) continue
    if (state === 'awake' || state === 'waking' || state === 'draining') busy.add(service)
    else busy.delete(service)
  }
}

/** Requests that must not be executed twice, and were. */
export function executedTwice(sent: readonly Sent[], executed: ReadonlyMap<string, number>): Sent[] {
  const once = new Set(['post', 'order', 'upload', 'socket'])
  return sent.filter(({ id, kind }) => once.has(kind) && (executed.get(id) ?? 0) > 1)
}
