/**
 * Which services the list shows, and in which order. Hundreds of them, at every change: so what is compared is made once for
 * each, and equal ones are in the order of their names, so that no row jumps without a reason.
 */
import type { ServiceView } from '../admin/service-view.ts'

export const SORT_KEYS = ['name', 'state', 'traffic', 'used'] as const
export type SortKey = (typeof SORT_KEYS)[number]

export interface Ordering {
  readonly by: SortKey
  readonly descending: boolean
}

/** First what needs somebody, then what is busy, then what rests. */
const RANK: Readonly<Record<ServiceView['state'], number>> = {
  failed: 0,
  waking: 1,
  awake: 2,
  draining: 3,
  stopping: 4,
  asleep: 5,
}

/** "app2" is before "app10". */
const { compare } = new Intl.Collator('en', { numeric: true })

const KEY: Readonly<Record<Exclude<SortKey, 'name'>, (service: ServiceView) => number>> = {
  state: ({ state }) => RANK[state],
  // The busiest first; those who wait count as much as those who are served.
  traffic: ({ in_flight: inFlight, held }) => -(inFlight + held),
  used: ({ last_active: at }) => (at === null ? Infinity : -Date.parse(at)),
}

/** A new list. `descending` turns the order round, but not that of equal ones. */
export function sortServices(services: Iterable<ServiceView>, { by, descending }: Ordering): ServiceView[] {
  const sign = descending ? -1 : 1
  const all = [...services]
  if (by === 'name') return all.toSorted((a, b) => sign * compare(a.name, b.name))
  const keyed = all.map((service) => ({ service, key: KEY[by](service) }))
  return keyed
    .toSorted((a, b) =>
      // Two that were never used: Infinity - Infinity is no number.
      a.key === b.key ? compare(a.service.name, b.service.name) : sign * (a.key < b.key ? -1 : 1),
    )
    .map(({ service }) => service)
}

/**
 * Whether every word of the search is somewhere in what people know a service by: its name, its hosts, its target, its state.
 * Upper and lower case are the same.
 */
export function matches({ name, hosts, target, state }: ServiceView, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const known = [name, ...hosts, target, state].join('\n').toLowerCase()
  return words.every((word) => known.includes(word))
}
