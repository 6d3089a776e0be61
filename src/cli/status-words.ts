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

/** What a wake waits for. */
export const PHASES = {
  needs: 'waiting for what it needs',
  start: 'starting',
  ready: 'waiting until it is ready',
} as const satisfies Record<NonNullable<ServiceView['waking']>['phase'], string>

/** Why it stays awake although nobody uses it; null where it sleeps all the same: an operator's order goes before a schedule. */
export function keptAwake({ state, kept }: ServiceView): ServiceView['kept'] {
  return state === 'asleep' || state === 'stopping' ? null : kept
}

/** How long ago it was. */
export function ago(time: string, now: number): string {
  return wholeSeconds(now - Date.parse(time))
}

/** How long it will be until then. */
export function until(time: string, now: number): string {
  return wholeSeconds(Date.parse(time) - now)
}

/** Of milliseconds. Tenths of what is still running would only flicker. */
export function wholeSeconds(ms: number): string {
  return ms < 1000 ? '0 s' : formatDuration(Math.floor(ms / 1000) * 1000)
}

/** An engine's message may hold escape sequences; on a terminal they would act. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ')
}

/** `text`, a state or a cell that holds one, in the colour of the state. */
export function paint(
  options: Pick<ViewOptions, 'color'>,
  state: ServiceView['state'],
  text: string,
): string {
  return options.color ? styleText(STATE_COLORS[state], text, { validateStream: false }) : text
}
