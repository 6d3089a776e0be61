/**
 * The parts of a service's policy that have options of their own: waiting, ignore, schedule and busy. The last three are null
 * where they would do nothing, so that the core has nothing to ask.
 */
import type { Busy, Ignore, Schedule, Waiting, Window } from '../domain/service.ts'
import { WAITING_DEFAULTS, WINDOW_DEFAULTS } from './defaults.ts'
import type { DefaultsConfig } from './policy-schema.ts'
import { parsed } from './problem.ts'
import { parseRoutePath } from './route.ts'
import { parseDays, parseEndTime, parseTime } from './schedule-values.ts'
import { parseCpu, parseDuration, parseRate } from './units.ts'
import { parseMethod, parseNetwork, parseUserAgent } from './values.ts'

/** Key by key over the defaults. */
export function buildWaiting(own: DefaultsConfig, defaults: DefaultsConfig): Waiting {
  const { page, hold_first, title, theme } = { ...WAITING_DEFAULTS, ...defaults.waiting, ...own.waiting }
  return { page, holdFirst: parsed(parseDuration(hold_first)), title, theme }
}

/** Key by key over the defaults. */
export function buildIgnore(own: DefaultsConfig, defaults: DefaultsConfig): Ignore | null {
  const { paths = [], user_agents = [], methods = [], from = [] } = { ...defaults.ignore, ...own.ignore }
  const all = <T>(value: string | readonly string[], parse: (text: string) => T): T[] => [
    ...new Set([value].flat().map(parse)),
  ]
  const ignore = {
    paths: all(paths, (text) => parsed(parseRoutePath(text))),
    userAgents: all(user_agents, (text) => parsed(parseUserAgent(text))),
    methods: all(methods, (text) => parsed(parseMethod(text))),
    from: all(from, (text) => parsed(parseNetwork(text))).flat(),
  }
  return Object.values(ignore).some(({ length }) => length > 0) ? ignore : null
}

type WindowConfig = NonNullable<DefaultsConfig['schedule']>[number]

/** `timeZone` null: the system's. */
export function buildSchedule(windows: readonly WindowConfig[], timeZone: string | null): Schedule | null {
  const [first, ...rest] = windows.map((window): Window => {
    const { days, from, to } = { ...WINDOW_DEFAULTS, ...window }
    // One text for a list of them: the commas mean the same.
    const text = typeof days === 'string' ? days : days.join(',')
    return { days: parsed(parseDays(text)), from: parsed(parseTime(from)), to: parsed(parseEndTime(to)) }
  })
  if (!first) return null
  return {
    windows: [first, ...rest],
    timeZone: timeZone ?? new Intl.DateTimeFormat('en').resolvedOptions().timeZone,
  }
}

/** Key by key over the defaults; null in the service itself turns them off. A process has no network figure of its own. */
export function buildBusy(own: DefaultsConfig, defaults: DefaultsConfig, process: boolean): Busy | null {
  if (own.busy === null) return null
  const { cpu, network } = { ...defaults.busy, ...own.busy }
  const busy = {
    cpu: cpu === undefined ? null : parsed(parseCpu(cpu)),
    network: network === undefined || process ? null : parsed(parseRate(network)),
  }
  return busy.cpu === null && busy.network === null ? null : busy
}
