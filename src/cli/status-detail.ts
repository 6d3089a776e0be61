/**
 * One service as `wakedock status SERVICE` shows it: what it does, what keeps it awake or from waking, how the last wake
 * and sleep went, and what to do about a failure; a stack's containers beneath it. Pure, so that tests compare whole screens.
 */
import type { PartView, ServiceView } from '../admin/service-view.ts'
import { formatDuration } from '../duration.ts'
import { count } from '../log-sentences.ts'
import { ago, keptAwake, paint, plain, until, type ViewOptions } from './status-words.ts'

type Row = readonly [label: string, text: string]
type Failure = NonNullable<ServiceView['failure']>

/** Everything about one service, a line each. */
export function statusDetail(service: ServiceView, options: ViewOptions): string {
  const { now } = options
  const rows: Row[] = [
    ['state', `${paint(options, service.state, service.state)} for ${ago(service.since, now)}`],
    ...present('waiting for', service.waiting_for.join(', ')),
    ...present('health', service.health),
    ['hosts', service.hosts.join(', ') || '-'],
    ['target', service.target],
    ...present(
      'tls',
      service.tls === 'unverified' ? 'its certificate is not checked (insecure_skip_verify)' : null,
    ),
    ['in flight', String(service.in_flight)],
    ['held', String(service.held)],
    [
      'last active',
      service.last_active === null ? 'not since WakeDock started' : `${ago(service.last_active, now)} ago`,
    ],
    ['sleeps', sleepsWhen(service, now)],
    ...present('pinned', pin(service, now)),
    ...present('needed by', service.needed_by.join(', ')),
    ['last wake', lastWake(service, now)],
    ['last sleep', lastSleep(service, now)],
    ['totals', totals(service)],
    ...(service.failure === null ? [] : failureRows(service.failure, service.kept !== null, now)),
  ]
  const lines = rows.map(([label, text]) => `  ${label.padEnd(13)}${text}`)
  return `${[service.name, ...lines, ...partLines(service.parts, options)].join('\n')}\n`
}

/** A row for what most services do not have. */
function present(label: string, text: string | null): Row[] {
  return text === null || text === '' ? [] : [[label, text]]
}

function sleepsWhen(service: ServiceView, now: number): string {
  const idle = formatDuration(service.idle_timeout_ms)
  if (service.idle_timeout_ms === 0) return 'never by itself (idle_timeout: 0)'
  if (service.sleeps_at !== null) return `in ${until(service.sleeps_at, now)} (idle timeout ${idle})`
  switch (keptAwake(service)) {
    case 'dependent':
      return 'not while others need it'
    case 'pin':
      return 'not while it is pinned'
    case 'schedule':
      return 'not before its schedule closes'
    case null:
      return `${idle} after its last request`
  }
}

function pin({ pinned, pinned_until: end }: ServiceView, now: number): string | null {
  if (!pinned) return null
  return end === null ? 'until it is unpinned' : `for ${until(end, now)} more`
}

function lastWake({ last_wake: wake }: ServiceView, now: number): string {
  if (wake === null) return '-'
  const phases = `start ${formatDuration(wake.start_ms)}, ready ${formatDuration(wake.ready_ms)}`
  const outcome = `${wake.outcome} after ${formatDuration(wake.total_ms)} (${phases})`
  return `${ago(wake.at, now)} ago (${wake.trigger}), ${outcome}`
}

function lastSleep({ last_sleep: sleep }: ServiceView, now: number): string {
  if (sleep === null) return '-'
  return `${ago(sleep.at, now)} ago (${sleep.reason}), took ${formatDuration(sleep.took_ms)}`
}

function totals({ totals: sum }: ServiceView): string {
  const failed = sum.failed_wakes > 0 ? ` (${sum.failed_wakes} failed)` : ''
  const sums = [
    count(sum.wakes, 'wake') + failed,
    count(sum.sleeps, 'sleep'),
    count(sum.holds, 'held request'),
  ]
  return `${sums.join(', ')}, awake ${formatDuration(sum.awake_ms)}`
}

function failureRows(failure: Failure, kept: boolean, now: number): Row[] {
  const wait = failure.retry_at === null ? null : until(failure.retry_at, now)
  const retry =
    wait === null
      ? 'at the next request'
      : kept
        ? `in ${wait}, because it is to be kept awake`
        : `at a request, in ${wait} or later`
  return [
    ['failure', whatFailed(failure, now)],
    ['what to do', plain(failure.hint)],
    ['tried again', retry],
  ]
}

function whatFailed(failure: Failure, now: number): string {
  return `${plain(failure.message)} (${failure.reason}, ${ago(failure.at, now)} ago)`
}

/** A small table; beneath a part that failed, why, and what to do about it. */
function partLines(parts: readonly PartView[], options: ViewOptions): string[] {
  if (parts.length === 0) return []
  const { now } = options
  const widest = (texts: string[]): number => Math.max(...texts.map((text) => text.length))
  const name = widest(parts.map((part) => part.name))
  const state = widest(parts.map((part) => part.state))
  const since = widest(parts.map((part) => ago(part.since, now)))
  const lines = parts.flatMap((part) => {
    const cells = [
      part.name.padEnd(name),
      paint(options, part.state, part.state.padEnd(state)),
      `for ${ago(part.since, now).padEnd(since)}`,
      part.health === null ? part.target : `${part.target}, ${part.health}`,
    ]
    const { failure } = part
    const why = failure === null ? [] : [`      ${whatFailed(failure, now)}`, `      ${plain(failure.hint)}`]
    return [`    ${cells.join('  ')}`, ...why]
  })
  return ['  parts', ...lines]
}
