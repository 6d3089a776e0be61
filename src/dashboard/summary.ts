/** WakeDock at a glance: how many services are in which state, what sleeping has saved, and how WakeDock itself is. */
import type { ComponentChildren, VNode } from 'preact'
import { h } from './h.ts'
import type { OverviewView } from '../admin/overview-route.ts'
import { bytes, count, duration, percent } from './format.ts'
import { useDashboard, useKnown, useTicking } from './hooks.ts'
import { StateBadge } from './parts.ts'

const STATES = ['failed', 'waking', 'awake', 'draining', 'stopping', 'asleep'] as const

export function Summary({ search }: { search: string }): VNode | null {
  const overview = useKnown((known) => known.overview)
  if (overview === null || overview.services.total === 0) return null
  return h('section', { class: 'summary', 'aria-label': 'At a glance' }, [
    h(States, { overview, search }),
    h(Saved, { overview }),
    h(TimeAsleep, { overview }),
    h(Traffic, { overview }),
  ])
}

interface Props {
  readonly overview: OverviewView
}

function Tile({ title, children }: { title: string; children: ComponentChildren }): VNode {
  return h('div', { class: 'tile' }, [h('h2', null, title), children])
}

/** Each is a filter as well: what it sets is an ordinary search, to be seen and changed. */
function States({ overview, search }: Props & { search: string }): VNode {
  const { go } = useDashboard()
  const counts = overview.services
  const some = STATES.filter((state) => counts[state] > 0)
  return h(Tile, { title: 'Services' }, [
    h(
      'ul',
      { class: 'counts' },
      some.map((state) =>
        h(
          'li',
          { key: state },
          h(
            'button',
            {
              type: 'button',
              'aria-pressed': search === state,
              onClick: () => go({ search: search === state ? '' : state }, 'replace'),
            },
            [h('strong', null, counts[state]), h(StateBadge, { state })],
          ),
        ),
      ),
    ),
  ])
}

function Saved({ overview: { saved, uptime_ms: uptime } }: Props): VNode {
  const average = uptime > 0 ? saved.byte_ms / uptime : 0
  return h(Tile, { title: 'Memory saved' }, [
    h('p', { class: 'figure' }, bytes(saved.bytes_now)),
    h(
      'p',
      { class: 'quiet' },
      saved.byte_ms === 0
        ? 'known once a service has been awake for a while'
        : `now, and ${bytes(average)} on average`,
    ),
  ])
}

function TimeAsleep({ overview: { asleep_ms: asleep, awake_ms: awake } }: Props): VNode {
  return h(Tile, { title: 'Time asleep' }, [
    h('p', { class: 'figure' }, percent(asleep, asleep + awake)),
    h('p', { class: 'quiet' }, `${duration(asleep)}, all services together`),
  ])
}

function Traffic({ overview: { in_flight: inFlight, held } }: Props): VNode {
  return h(Tile, { title: 'Now' }, [
    h('p', { class: 'figure' }, [String(inFlight), h('small', null, ' in flight')]),
    h(
      'p',
      { class: 'quiet' },
      held === 0 ? 'no request waits' : `${count(held, 'request')} held until a service is ready`,
    ),
  ])
}

/** WakeDock itself: below everything else, for who looks for it. */
export function Foot(): VNode | null {
  const overview = useKnown((known) => known.overview)
  const up = useTicking((now) => (overview === null ? '' : duration(now - Date.parse(overview.started_at))))
  if (overview === null) return null
  const { version, memory, providers } = overview
  const answering = providers.filter((provider) => provider.up).map(({ name }) => name)
  const said = [
    `WakeDock ${version}`,
    `up ${up}`,
    bytes(memory.rss_bytes),
    ...answering.map((name) => `${name} answers`),
  ]
  return h(
    'footer',
    { class: 'foot' },
    said.map((each) => h('span', { key: each }, each)),
  )
}
