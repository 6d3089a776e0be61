/** One service in the list. It is drawn again only when something that it shows is another object: 500 of them stay calm. */
import { Component, type VNode } from 'preact'
import { h } from './h.ts'
import type { ServiceView } from '../admin/service-view.ts'
import { NOTHING, took } from './format.ts'
import { useDashboard, useTicking } from './hooks.ts'
import { writePlace } from './location.ts'
import { isAlwaysOn, WakeOrSleep } from './orders.ts'
import { Ago, Since, StateBadge, Until } from './parts.ts'
import type { Past } from './past.ts'
import { keptSentence, wakingSentence } from './sentences.ts'
import { SmallTimeline } from './timeline.ts'

export interface RowProps {
  readonly service: ServiceView
  readonly past: Past | undefined
}

export class Row extends Component<RowProps> {
  override shouldComponentUpdate({ service, past }: RowProps): boolean {
    return service !== this.props.service || past !== this.props.past
  }

  override render({ service, past }: RowProps): VNode {
    const { name, state, in_flight: inFlight, held, last_wake: wake } = service
    return h('tr', { role: 'row', class: `row ${state}`, 'data-service': name }, [
      h('th', { role: 'rowheader', scope: 'row', class: 'name' }, h(Name, { service })),
      h('td', { role: 'cell', class: 'what' }, [
        h(StateBadge, { state }),
        h('span', { class: 'sub' }, h(Since, { at: service.since })),
      ]),
      h('td', { role: 'cell', class: 'line' }, h(SmallTimeline, { past })),
      h(
        'td',
        { role: 'cell', class: 'number flight', 'data-label': 'In flight' },
        h(Amount, { amount: inFlight }),
      ),
      h('td', { role: 'cell', class: 'number held', 'data-label': 'Held' }, h(Amount, { amount: held })),
      h('td', { role: 'cell', class: 'rest' }, h(Rest, { service })),
      h(
        'td',
        { role: 'cell', class: 'used', 'data-label': 'Last used' },
        inFlight + held > 0 ? 'now' : h(Ago, { at: service.last_active }),
      ),
      h('td', { role: 'cell', class: 'woken', 'data-label': 'Last wake' }, [
        h(Ago, { at: wake?.at ?? null }),
        wake !== null &&
          h(
            'span',
            { class: 'sub' },
            `${wake.outcome === 'ready' ? 'took' : wake.outcome} ${took(wake.total_ms)}`,
          ),
      ]),
      h('td', { role: 'cell', class: 'do' }, h(WakeOrSleep, { service })),
    ])
  }
}

/** A zero is said, and does not shout. */
function Amount({ amount }: { amount: number }): VNode {
  return h('span', { class: amount === 0 ? 'none' : 'some' }, amount)
}

function Name({ service }: { service: ServiceView }): VNode {
  const { place } = useDashboard()
  const { name, hosts, failure } = service
  const [first, ...others] = hosts
  const open = { view: 'service', name, tab: 'overview' } as const
  const sub =
    failure?.message ??
    wakingSentence(service) ??
    (others.length === 0 ? first : `${first} +${others.length}`)
  return h('span', null, [
    h('a', { href: writePlace({ ...place(), open }) }, name),
    h(
      'span',
      {
        class: failure === null ? 'sub' : 'sub bad',
        title: failure === null ? hosts.join('\n') : failure.message,
      },
      sub ?? '',
    ),
  ])
}

/** When it sleeps if nothing comes, or why it does not. */
function Rest({ service }: { service: ServiceView }): VNode {
  const kept = useTicking((now) => keptSentence(service, now))
  const { sleeps_at: at, state, in_flight: inFlight, idle_timeout_ms: idle } = service
  // The word is for cards, which have no heads.
  if (at !== null) return h('span', null, [h('span', { class: 'card-word' }, 'Sleeps in '), h(Until, { at })])
  if (isAlwaysOn(service)) return h('span', { class: 'none' }, 'always on')
  if (state !== 'awake') return h('span', { class: 'none' }, NOTHING)
  if (kept !== null) return h('span', { class: 'why' }, kept)
  if (inFlight > 0) return h('span', { class: 'why' }, 'in use')
  return h('span', { class: 'none' }, idle === 0 ? 'never' : NOTHING)
}
