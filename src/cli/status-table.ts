/**
 * The table of `wakedock status`. Pure, so that tests compare whole screens.
 */
import type { ServiceView } from '../admin/service-view.ts'
import { formatDuration } from '../duration.ts'
import { ago, keptAwake, paint, plain, until, type ViewOptions } from './status-words.ts'
import { cut, pad, widthIn, wrap } from './text-width.ts'

const HEADINGS = ['SERVICE', 'STATE', 'SINCE', 'IN-FLIGHT', 'HELD', 'SLEEPS-IN', 'LAST-WAKE'] as const
type Column = (typeof HEADINGS)[number]

/** What a narrow terminal loses, first to last: what was, then what passes quickly. When it sleeps is why people look. */
const LEAST_NEEDED: readonly Column[] = ['LAST-WAKE', 'HELD', 'IN-FLIGHT', 'SINCE', 'SLEEPS-IN']
/** Columns of names that are kept before anything is left out for their sake. */
const NAME_WIDTH = 16
const NARROWEST_NAME = 4
const GAP = '  '
/** Letters of another service's name in SLEEPS-IN: one long name must not push everything else off the screen. */
const NEEDED_BY_WIDTH = 16
/** Columns of a reason in SLEEPS-IN that are kept before anything is left out for its sake: "pinned 1 h 58 m". */
const REASON_WIDTH = 15

/** One line a service; below it, why services and parts failed. */
export function statusTable(services: readonly ServiceView[], options: ViewOptions): string {
  if (services.length === 0) return 'No services are configured.\n'
  const failures = failureLines(services, options)
  const lines = [...tableLines(services, options), ...(failures.length > 0 ? ['', ...failures] : [])]
  return `${lines.join('\n')}\n`
}

/** The headings, and a line for each service. */
export function tableLines(services: readonly ServiceView[], options: ViewOptions): string[] {
  const rows = services.map((service) => rowOf(service, options.now))
  const widths = fit(rows, options.columns)
  const line = (cellOf: (column: Column, width: number) => string): string =>
    [...widths]
      .map(([column, width]) => cellOf(column, width))
      .join(GAP)
      .trimEnd()
  return [
    line((column, width) => pad(cut(column, width), width)),
    ...rows.map((row, index) =>
      line((column, width) => {
        const cell = pad(cut(row[column], width), width)
        const state = services[index]?.state
        return column === 'STATE' && state !== undefined ? paint(options, state, cell) : cell
      }),
    ),
  ]
}

/**
 * Why services, and parts that nothing else tells of, have failed. A part that fails behind a stack that answers would be seen
 * nowhere else; one whose stack says so needs no second line.
 */
export function failureLines(services: readonly ServiceView[], { columns }: ViewOptions): string[] {
  const all = services.flatMap((service) => [service, ...(service.failure === null ? service.parts : [])])
  return all.flatMap(({ name, failure }) =>
    failure === null
      ? []
      : wrap(`${name}: ${plain(failure.message).replace(/\.?$/u, '.')} ${plain(failure.hint)}`, columns),
  )
}

function rowOf(service: ServiceView, now: number): Record<Column, string> {
  const { last_wake: wake } = service
  return {
    SERVICE: service.name,
    STATE: service.state,
    SINCE: ago(service.since, now),
    'IN-FLIGHT': String(service.in_flight),
    HELD: String(service.held),
    'SLEEPS-IN': service.sleeps_at === null ? keptBy(service, now) : until(service.sleeps_at, now),
    'LAST-WAKE':
      wake === null ? '-' : wake.outcome === 'ready' ? formatDuration(wake.total_ms) : wake.outcome,
  }
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

/** Shortens long names and reasons, then leaves columns out, then shortens names more; what is left over goes back to them. */
function fit(rows: readonly Readonly<Record<Column, string>>[], columns: number): Map<Column, number> {
  const wanted = new Map(
    HEADINGS.map((column) => [column, Math.max(column.length, ...rows.map((row) => widthIn(row[column])))]),
  )
  const widths = new Map(wanted)
  const total = (): number =>
    [...widths.values()].reduce((sum, width) => sum + width, 0) + GAP.length * (widths.size - 1)
  const shorten = (column: Column, least: number): void => {
    const width = widths.get(column)
    if (width === undefined || total() <= columns) return
    widths.set(column, Math.max(Math.min(width, least), width - (total() - columns)))
  }
  shorten('SERVICE', NAME_WIDTH)
  shorten('SLEEPS-IN', REASON_WIDTH)
  for (const column of LEAST_NEEDED) if (total() > columns) widths.delete(column)
  shorten('SERVICE', NARROWEST_NAME)
  for (const column of ['SERVICE', 'SLEEPS-IN'] as const) {
    const [width, full] = [widths.get(column), wanted.get(column)]
    if (width === undefined || full === undefined || total() >= columns) continue
    widths.set(column, Math.min(full, width + (columns - total())))
  }
  return widths
}
