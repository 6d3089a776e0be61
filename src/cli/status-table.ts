/**
 * The table of `wakedock status`. Pure, so that tests compare whole screens.
 */
import type { ServiceView } from '../admin/service-view.ts'
import { formatDuration } from '../duration.ts'
import { ago, keptAwake, paint, plain, until, type ViewOptions } from './status-words.ts'

/** From the most to the least needed: a narrow terminal loses the last ones first. */
const HEADINGS = ['SERVICE', 'STATE', 'SINCE', 'IN-FLIGHT', 'HELD', 'SLEEPS-IN', 'LAST-WAKE']
const GAP = '  '
/** Letters of another service's name in SLEEPS-IN: one long name must not push LAST-WAKE off the screen. */
const NEEDED_BY_WIDTH = 16

/** One line a service; below it, why services and parts failed. */
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
      return column === 1 && state !== undefined ? paint(options, state, cell) : cell
    })
    return cells.join(GAP).trimEnd()
  })
  // A part that fails behind a stack that answers would be seen nowhere else; one whose stack says so needs no second line.
  const all = services.flatMap((service) => [service, ...(service.failure === null ? service.parts : [])])
  const failures = all.flatMap(({ name, failure }) =>
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
    service.sleeps_at === null ? keptBy(service, now) : until(service.sleeps_at, now),
    wake === null ? '-' : wake.outcome === 'ready' ? formatDuration(wake.total_ms) : wake.outcome,
  ]
}

/** In the place of a time: why there is none. In use, asleep or never (idle_timeout 0) is "-". */
function keptBy(service: ServiceView, now: number): string {
  const { pinned_until: end, needed_by: others } = service
  switch (keptAwake(service)) {
    case 'pin':
      return end === null ? 'pinned' : `pinned ${until(end, now)}`
    case 'schedule':
      return 'scheduled'
    case 'dependent': {
      const [first = 'others', ...more] = others
      return `needed by ${cut(first, NEEDED_BY_WIDTH)}${more.length > 0 ? ` +${more.length}` : ''}`
    }
    case null:
      return '-'
  }
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
