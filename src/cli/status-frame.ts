/**
 * What `wakedock status --watch` shows of all services on a terminal of some height: as many as fit, the busy ones first, and how
 * many are not shown. Pure, so that tests compare whole screens.
 */
import type { ServiceView } from '../admin/service-view.ts'
import { count } from '../log-sentences.ts'
import { failureLines, tableLines } from './status-table.ts'
import { paint, type ViewOptions } from './status-words.ts'
import { cut, pad, widthIn } from './text-width.ts'

export interface FrameOptions extends ViewOptions {
  /** Height to fit. */
  readonly rows: number
  /** What is wrong with the view itself; null: nothing. */
  readonly trouble: string | null
}

const STATES = ['awake', 'waking', 'draining', 'stopping', 'failed', 'asleep'] as const
/** The heading, a blank line, and the table's own headings. */
const AROUND = 3

/** Lines, no more than there are rows. */
export function statusFrame(services: readonly ServiceView[], options: FrameOptions): string[] {
  const lines = [headLine(services, options), '']
  if (services.length === 0) return [...lines, 'No services are configured.']
  const room = Math.max(1, options.rows - AROUND)
  const failures = failureLines(services, options)
  // Services come first; of the failures at least one line, where there are any, and a third of the screen at most if it is full.
  const forFailures =
    failures.length === 0
      ? 0
      : Math.min(failures.length, Math.max(room - services.length - 1, Math.floor(room / 3)))
  const forServices = forFailures > 0 ? room - forFailures - 1 : room
  lines.push(...tableLines(...fitting(services, forServices, options)))
  const hidden = services.length - forServices
  if (hidden > 0)
    lines.push(cut(`… and ${hidden + 1} more: make the window higher, or name one`, options.columns))
  if (forFailures > 0) lines.push('', ...failures.slice(0, forFailures))
  return lines.slice(0, options.rows)
}

/** In the order of the config while all fit, and else those of which there is more to see. */
function fitting(
  services: readonly ServiceView[],
  room: number,
  options: ViewOptions,
): [services: readonly ServiceView[], options: ViewOptions] {
  if (services.length <= room) return [services, options]
  const awake = services.filter(({ state }) => state !== 'asleep')
  const asleep = services.filter(({ state }) => state === 'asleep')
  // One line less: it says how many are missing.
  return [[...awake, ...asleep].slice(0, Math.max(0, room - 1)), options]
}

/** "12 services: 3 awake, 9 asleep", and the time at the right. */
export function headLine(
  services: readonly ServiceView[],
  { now, columns, color, trouble }: Omit<FrameOptions, 'rows'>,
): string {
  const counts = STATES.flatMap((state) => {
    const number = services.filter((service) => service.state === state).length
    return number === 0 ? [] : [`${number} ${state}`]
  })
  const left = cut(trouble ?? `${count(services.length, 'service')}: ${counts.join(', ')}`, columns)
  const time = new Date(now).toTimeString().slice(0, 8)
  const shown = trouble === null ? left : paint({ color }, 'failed', left)
  const gap = columns - widthIn(left) - time.length
  if (!Number.isFinite(gap)) return `${shown}  ${time}`
  return gap < 2 ? shown : `${shown}${pad('', gap)}${time}`
}
