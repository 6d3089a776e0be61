/** What has happened, as the API's event stream shows it: the words of domain/feed.ts in the form of the other views. */
import type { FeedEvent, FeedEventType } from '../domain/feed.ts'

/** Fields whose name says its unit here. */
const MILLISECONDS: Readonly<Record<string, string>> = {
  startMs: 'start_ms',
  readyMs: 'ready_ms',
  tookMs: 'took_ms',
  retryIn: 'retry_in_ms',
}

/** Every type, as a table that the compiler keeps complete. The value: whether it is of one service. */
const TYPES: Readonly<Record<FeedEventType, boolean>> = {
  state: true,
  wake_started: true,
  woke: true,
  wake_failed: true,
  sleep_started: true,
  slept: true,
  sleep_failed: true,
  target_changed: true,
  service_added: true,
  service_removed: true,
  provider_lost: false,
  provider_back: false,
  reloaded: false,
  reload_refused: false,
}

export const EVENT_TYPES: readonly string[] = Object.keys(TYPES)

/** `at` in ISO 8601, times that something took in whole milliseconds, everything else as it is. */
export function viewEvent({ id, at, type, ...fields }: FeedEvent): Record<string, unknown> {
  const view: Record<string, unknown> = { id, at: new Date(at).toISOString(), type }
  for (const [name, value] of Object.entries(fields)) {
    const inMs = MILLISECONDS[name]
    if (inMs === undefined) view[name] = value
    else view[inMs] = typeof value === 'number' ? Math.round(value) : value
  }
  return view
}
