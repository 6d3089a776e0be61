/**
 * One service as `wakedock status SERVICE` shows it: what it does, what keeps it awake or from waking, how the last wake
 * and sleep went, and what to do about a failure; a stack's containers beneath it. Pure, so that tests compare whole screens.
 */
import type { PartView, ServiceView } from '../admin/service-view.ts'
import { formatDuration } from '../duration.ts'
import { count } from '../log-sentences.ts'
import { formatBytes } from './size.ts'
import { ago, keptAwake, paint, PHASES, plain, until, type ViewOptions } from './status-words.ts'
import { pad, widthIn, wrap } from './text-width.ts'

type Row = readonly [label: string, text: string]
type Failure = NonNullable<ServiceView['failure']>

/** Columns before the text of a row. */
const INDENT = 2
const LABEL = 13
/** A terminal so narrow that hardly a word fits behind the labels gets lines that are too long instead. */
const NARROWEST = 16

/** Everything about one service, a line each; lines that do not fit are continued beneath their text. */
export function statusDetail(service: ServiceView, options: ViewOptions): string {
  const { now } = options
  const { memory_bytes: memory } = service
  const rows: Row[] = [
    ['state', `${service.state} for ${ago(service.since, now)}`],
    ...present('waking', phase(service, now)),
    ...present('waiting for', service.waiting_for.join(', ')),
    ...present('health', service.health),
    // Near the top: it is why somebody looks, and a low window shows no more.
    ...(service.failure === null ? [] : failureRows(service.failure, service.kept !== null, now)),
    ['hosts', service.hosts.join(', ') || '-'],
    ['target', service.target],
    ...present('memory', typeof memory === 'number' ? formatBytes(memory) : null),
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
  ]
  const lines = rows.flatMap(([label, text]) => {
    const [first = '', ...more] = wrap(text, Math.max(NARROWEST, options.columns - INDENT - LABEL))
    // Coloured last: the sequences take no columns, and must not be cut.
    const shown =
      label === 'state'
        ? first.replace(service.state, (state) => paint(options, service.state, state))
        : first
    const rest = more.map((line) => `${' '.repeat(INDENT + LABEL)}${line}`)
    return [`${' '.repeat(INDENT)}${label.padEnd(LABEL)}${shown}`].concat(rest)
  })
  return `${[service.name, ...lines, ...partLines(service.parts, options)].join('\n')}\n`
}

/** What the wake under way waits for. */
function phase({ waking }: ServiceView, now: number): string | null {
  return waking === null ? null : `${PHASES[waking.phase]}, for ${ago(waking.since, now)}`
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
  const widest = (texts: string[]): number => Math.max(...texts.map(widthIn))
  const name = widest(parts.map((part) => part.name))
  const state = widest(parts.map((part) => part.state))
  const since = widest(parts.map((part) => ago(part.since, now)))
  const lines = parts.flatMap((part) => {
    const cells = [
      pad(part.name, name),
      paint(options, part.state, part.state.padEnd(state)),
      `for ${ago(part.since, now).padEnd(since)}`,
      part.health === null ? part.target : `${part.target}, ${part.health}`,
    ]
    const { failure } = part
    const beneath = (text: string): string[] =>
      wrap(text, Math.max(NARROWEST, options.columns - 6)).map((line) => `      ${line}`)
    const why =
      failure === null ? [] : [...beneath(whatFailed(failure, now)), ...beneath(plain(failure.hint))]
    return [`    ${cells.join('  ')}`, ...why]
  })
  return ['  parts', ...lines]
}
