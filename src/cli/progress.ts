/**
 * One line on a terminal's standard error that says what an order waits for, for how long already and how long it usually takes. It
 * is gone when the order has ended; in a script there is nothing of it.
 */
import type { ServiceView } from '../admin/service-view.ts'
import { formatDuration } from '../duration.ts'
import { count } from '../log-sentences.ts'
import type { Client } from './client.ts'
import { canRedraw, type CliIo } from './command.ts'
import { PHASES, wholeSeconds } from './status-words.ts'
import { cut, widthIn } from './text-width.ts'

export type Verb = 'wake' | 'sleep'

/** Milliseconds between two looks at the service; the time that is shown keeps pace with them. */
const LOOK = 250
const USUAL_COLUMNS = 80
/** Columns at the right that stay free: a "^C" that the terminal adds must not begin another line. */
const FREE = 3
const CLEAR_LINE = '\r\u001b[K'

/** Shows it until the returned function is called. Says nothing of what goes wrong: the order itself does. */
export function showProgress(
  client: Pick<Client, 'get' | 'estimate'>,
  io: CliIo,
  verb: Verb,
  service: string,
): () => void {
  if (!canRedraw(io, io.stderrIsTTY)) return () => undefined
  const begun = io.now()
  let view: ServiceView | null = null
  let estimate: number | null = null
  let isAsking = false
  let timer: { cancel(): void } | null = null
  let ended = false

  const look = async (): Promise<void> => {
    isAsking = true
    try {
      view = await client.get(service)
    } catch {
      // The next look may do.
    }
    isAsking = false
  }
  const draw = (): void => {
    if (ended) return
    const elapsed = io.now() - begun
    const columns = (io.columns > 0 ? io.columns : USUAL_COLUMNS) - FREE
    const line = progressLine(verb, service, view, { elapsed, estimate, columns })
    io.stderr.write(`${CLEAR_LINE}${line}`)
    if (!isAsking) void look()
    timer = io.setTimer(LOOK, draw)
  }
  const end = (): void => {
    if (ended) return
    ended = true
    timer?.cancel()
    io.stderr.write(CLEAR_LINE)
  }

  if (verb === 'wake')
    client.estimate(service).then(
      (ms) => (estimate = ms),
      () => undefined,
    )
  io.onEnd(end)
  draw()
  return end
}

interface LineOptions {
  /** Milliseconds since the order. */
  readonly elapsed: number
  /** Milliseconds that it will probably take; null: nothing is known. */
  readonly estimate: number | null
  /** Width to fit. */
  readonly columns: number
}

/** "blog: starting · 2 s of about 4 s". `view` null: nothing is known of it yet. */
export function progressLine(
  verb: Verb,
  service: string,
  view: ServiceView | null,
  { elapsed, estimate, columns }: LineOptions,
): string {
  const doing = verb === 'wake' ? wakes(view) : sleeps(view)
  const usual =
    estimate === null
      ? ''
      : elapsed > estimate
        ? `, usually ${formatDuration(estimate)}`
        : ` of about ${formatDuration(estimate)}`
  const times = ` · ${wholeSeconds(elapsed)}${usual}`
  // The times are what changes: of the rest there may be less.
  return cut(`${cut(`${service}: ${doing}`, Math.max(1, columns - widthIn(times)))}${times}`, columns)
}

function wakes(view: ServiceView | null): string {
  const waking = view?.waking ?? null
  if (view === null || waking === null) return view?.state === 'stopping' ? 'stopping first' : 'waking'
  if (waking.phase === 'needs' && view.waiting_for.length > 0) return `waiting for ${named(view.waiting_for)}`
  return PHASES[waking.phase]
}

/** Whom it waits for. */
function sleeps(view: ServiceView | null): string {
  if (view === null) return 'going to sleep'
  if (view.state === 'stopping') return 'stopping'
  // Only a forced order gets here while they do: it puts them to sleep first.
  if (view.needed_by.length > 0) return `waiting for ${named(view.needed_by)} to sleep first`
  const uses = view.in_flight + view.held
  if (uses > 0) return `waiting for ${count(uses, 'request')} to end`
  return view.state === 'waking' ? 'waiting for its wake to end' : 'going to sleep'
}

const MOST_NAMES = 3

function named(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''
  return `${names.slice(0, MOST_NAMES).join(', ')}${more}`
}
