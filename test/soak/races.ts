/** How often each race was met, read from the log: a soak in which a race never happened says nothing about it. */
import type { Act } from './chaos.ts'
import type { LogEntry } from './evidence.ts'
import type { Sent } from './traffic.ts'

/** Name of the race and how often; in the order of lifecycle.md. */
export function racesMet(
  sent: readonly Sent[],
  log: readonly LogEntry[],
  acts: readonly Act[],
): [string, number][] {
  const lines = (event: string, fits: (entry: LogEntry) => boolean = () => true): number =>
    log.filter((entry) => entry.line.event === event && fits(entry)).length
  const changed = (what: RegExp): number =>
    lines('target_changed', ({ line }) => what.test(String(line['what'])))
  const deeds = (deed: Act['deed']): number => acts.filter((act) => act.deed === deed).length
  return [
    ['request during a stop', duringStop(sent, log)],
    ['request within 50 ms of its sleep', nearSleep(sent, log)],
    [
      'client left before an answer',
      sent.filter(({ outcome, head }) => outcome.type === 'left' && head === null).length,
    ],
    ['ended while in use', lines('target_changed', ({ line }) => Number(line['in_flight']) > 0)],
    ['started by hand', lines('wake_started', ({ line }) => line['trigger'] === 'external')],
    ['ended by hand or crashed', changed(/^ended|^was killed/)],
    ['paused by hand', changed(/^was paused/)],
    ['restarted', changed(/restarted/)],
    ['removed', changed(/^was removed/)],
    ['recreated', deeds('recreate')],
    ['woken for another service', lines('wake_started', ({ line }) => line['trigger'] === 'dependent')],
    ['slept when no longer needed', lines('sleep_started', ({ line }) => line['reason'] === 'unneeded')],
    ['adopted', lines('adopted')],
    ['engine away', lines('provider_lost')],
    ['engine slow', deeds('slow')],
    ['reload', lines('reload')],
    ['reload while a request waited', duringReload(sent, log)],
    ['WakeDock killed', deeds('wakedock killed')],
    ['WakeDock ended politely', deeds('wakedock ended')],
  ]
}

function duringStop(sent: readonly Sent[], log: readonly LogEntry[]): number {
  const stops = log.filter(({ line }) => line.event === 'sleep_finished')
  return sent.filter(({ service, begin }) =>
    stops.some(
      (stop) =>
        stop.service === service && begin <= stop.at && begin >= stop.at - Number(stop.line['took_ms'] ?? 0),
    ),
  ).length
}

function nearSleep(sent: readonly Sent[], log: readonly LogEntry[]): number {
  const sleeps = log.filter(({ line }) => line.event === 'sleep_started')
  return sent.filter(({ service, begin }) =>
    sleeps.some((sleep) => sleep.service === service && Math.abs(sleep.at - begin) <= 50),
  ).length
}

function duringReload(sent: readonly Sent[], log: readonly LogEntry[]): number {
  const reloads = log.filter(({ line }) => line.event === 'reload').map(({ at }) => at)
  return sent.filter(({ begin, head, end }) =>
    reloads.some((at) => begin < at - 50 && (head ?? end) > at + 50),
  ).length
}
