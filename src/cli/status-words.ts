/**
 * The words and colours that the table and the detail of `wakedock status` share.
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

const STATE_COLORS = {
  asleep: 'gray',
  waking: 'yellow',
  awake: 'green',
  draining: 'yellow',
  stopping: 'yellow',
  failed: 'red',
} as const satisfies Record<ServiceView['state'], string>

/** Why it stays awake although nobody uses it; null where it sleeps all the same: an operator's order goes before a schedule. */
export function keptAwake({ state, kept }: ServiceView): ServiceView['kept'] {
  return state === 'asleep' || state === 'stopping' ? null : kept
}

/** How long ago it was. */
export function ago(time: string, now: number): string {
  return formatDuration(now - Date.parse(time))
}

/** How long it will be until then. */
export function until(time: string, now: number): string {
  return formatDuration(Date.parse(time) - now)
}

/** An engine's message may hold escape sequences; on a terminal they would act. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ')
}

/** `text`, a state or a cell that holds one, in the colour of the state. */
export function paint(options: ViewOptions, state: ServiceView['state'], text: string): string {
  return options.color ? styleText(STATE_COLORS[state], text, { validateStream: false }) : text
}
