/**
 * Services as text: the table and the detail of `wakedock status`. Pure, so that tests compare whole screens.
 */
import { styleText } from 'node:util'
import type { ServiceView } from '../admin/service-view.ts'
import { formatDuration } from '../duration.ts'

export interface ViewOptions {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly color: boolean
  /** Width to fit; Infinity: no limit. */
  readonly columns: number
}

/** From the most to the least needed: a narrow terminal loses the last ones first. */
const HEADINGS = ['SERVICE', 'STATE', 'SINCE', 'IN-FLIGHT', 'HELD', 'SLEEPS-IN', 'LAST-WAKE']
const GAP = '  '

const STATE_COLORS = {
  asleep: 'gray',
  waking: 'yellow',
  awake: 'green',
  draining: 'yellow',
  stopping: 'yellow',
  failed: 'red',
} as const

/** One line a service; below it, why the failed ones failed. */
export function statusTable(services: readonly ServiceView[], options: ViewOptions): string {
  if (services.length === 0) return 'No services are configured.\n'
  const rows = services.map((service) => tableRow(service, options.now))
  const widths = fit(
    HEADINGS.map((heading, column) =>
      Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
    ),
    options.columns,
  )
  const lines = [HEADINGS, ...rows].map((row, index) => {
    const state = services[index - 1]?.state
    const cells = widths.map((width, column) => {
      const cell = cut(row[column] ?? '', width).padEnd(width)
      if (column === 1 && state !== undefined) return paint(options, STATE_COLORS[state], cell)
      return cell
    })
    return cells.join(GAP).trimEnd()
  })
  const failures = services.flatMap(({ name, failure }) =>
    failure === null
      ? []
      : [`${name}: ${plain(failure.message).replace(/\.?$/u, '.')} ${plain(failure.hint)}`],
  )
  return `${[...lines, ...(failures.length > 0 ? ['', ...failures] : [])].join('\n')}\n`
}

function tableRow(service: ServiceView, now: number): string[] {
  const { last_wake: wake } = service
  return [
    service.name,
    service.state,
    ago(service.since, now),
    String(service.in_flight),
    String(service.held),
    service.sleeps_at === null ? '-' : until(service.sleeps_at, now),
    wake === null ? '-' : wake.outcome === 'ready' ? formatDuration(wake.total_ms) : wake.outcome,
  ]
}

/** Drops columns from the right until the rest fits, and then shortens the names. */
function fit(widths: readonly number[], columns: number): number[] {
  const kept = [...widths]
  const total = (): number => kept.reduce((sum, width) => sum + width, 0) + GAP.length * (kept.length - 1)
  while (kept.length > 2 && total() > columns) kept.pop()
  const over = total() - columns
  if (over > 0) kept[0] = Math.max(4, (kept[0] ?? 0) - over)
  return kept
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

/** Everything about one service, a line each. */
export function statusDetail(service: ServiceView, options: ViewOptions): string {
  const { now } = options
  const { last_wake: wake, last_sleep: sleep, failure, totals } = service
  const state = paint(options, STATE_COLORS[service.state], service.state)
  const failed = totals.failed_wakes > 0 ? ` (${totals.failed_wakes} failed)` : ''
  const lines: [string, string][] = [
    ['state', `${state} for ${ago(service.since, now)}`],
    ['hosts', service.hosts.join(', ')],
    ['target', service.target],
    ['in flight', String(service.in_flight)],
    ['held', String(service.held)],
    [
      'last active',
      service.last_active === null ? 'not since WakeDock started' : `${ago(service.last_active, now)} ago`,
    ],
    ['sleeps', sleepsWhen(service, now)],
    ['last wake', wake === null ? '-' : `${ago(wake.at, now)} ago (${wake.trigger}), ${wakeOutcome(wake)}`],
    [
      'last sleep',
      sleep === null
        ? '-'
        : `${ago(sleep.at, now)} ago (${sleep.reason}), took ${formatDuration(sleep.took_ms)}`,
    ],
    [
      'totals',
      `${totals.wakes} wakes${failed}, ${totals.sleeps} sleeps, ${totals.holds} held requests, awake ${formatDuration(totals.awake_ms)}`,
    ],
  ]
  if (failure !== null) {
    const retry =
      failure.retry_at === null
        ? 'at the next request'
        : `at a request, in ${until(failure.retry_at, now)} or later`
    lines.push(
      ['failure', `${plain(failure.message)} (${failure.reason}, ${ago(failure.at, now)} ago)`],
      ['what to do', plain(failure.hint)],
      ['tried again', retry],
    )
  }
  return `${[service.name, ...lines.map(([label, text]) => `  ${label.padEnd(13)}${text}`)].join('\n')}\n`
}

function sleepsWhen(service: ServiceView, now: number): string {
  const idle = formatDuration(service.idle_timeout_ms)
  if (service.idle_timeout_ms === 0) return 'never by itself (idle_timeout: 0)'
  return service.sleeps_at === null
    ? `${idle} after its last request`
    : `in ${until(service.sleeps_at, now)} (idle timeout ${idle})`
}

function wakeOutcome(wake: NonNullable<ServiceView['last_wake']>): string {
  const phases = `${formatDuration(wake.total_ms)} (start ${formatDuration(wake.start_ms)}, ready ${formatDuration(wake.ready_ms)})`
  return wake.outcome === 'ready' ? `ready after ${phases}` : `${wake.outcome} after ${phases}`
}

function ago(time: string, now: number): string {
  return formatDuration(now - Date.parse(time))
}

function until(time: string, now: number): string {
  return formatDuration(Date.parse(time) - now)
}

/** An engine's message may hold escape sequences; on a terminal they would act. */
function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ')
}

function paint(options: ViewOptions, format: 'gray' | 'yellow' | 'green' | 'red', text: string): string {
  return options.color ? styleText(format, text, { validateStream: false }) : text
}
