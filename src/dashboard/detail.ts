/** One service: what it does and why, what it has been through, what it is made of, and its log on a tab of its own. */
import type { ComponentChildren, VNode } from 'preact'
import { h } from './h.ts'
import type { ServiceView } from '../admin/service-view.ts'
import { bytes, clockTime, count, duration, list, NOTHING, percent, took } from './format.ts'
import { useDashboard, useKnown, useTicking } from './hooks.ts'
import { LatencyPanel } from './latency.ts'
import { Link } from './link.ts'
import type { View } from './location.ts'
import { Logs } from './logs.ts'
import { isAlwaysOn, Pins, WakeOrSleep } from './orders.ts'
import { Ago, Empty, Section, Since, StateBadge, Until, whole } from './parts.ts'
import { eventSentence, keptSentence, sleepReason, wakeReason, wakingSentence } from './sentences.ts'
import { TimelinePanel } from './timeline.ts'

type Open = Extract<View, { view: 'service' }>

export function Detail({ open }: { open: Open }): VNode {
  const { name, tab } = open
  const service = useKnown(({ services }) => services?.get(name))
  const asked = useKnown(({ services }) => services === null)
  const back = h(Link, { open: { view: 'list' }, class: 'back' }, '← All services')
  if (service === undefined) {
    if (asked) return h('p', { class: 'quiet center' }, 'Asking WakeDock for its services…')
    return h('div', { class: 'detail' }, [
      back,
      h(
        Empty,
        { title: `There is no service ${name}`, alone: true },
        'It may have been removed from the config, or be called otherwise now. The list has all there are.',
      ),
    ])
  }
  return h('div', { class: 'detail' }, [
    back,
    h(Head, { service }),
    h('nav', { class: 'tabs', 'aria-label': `Pages of ${name}` }, [
      h(Link, { open: { ...open, tab: 'overview' }, current: tab === 'overview' }, 'Overview'),
      h(Link, { open: { ...open, tab: 'logs' }, current: tab === 'logs' }, 'Logs'),
    ]),
    tab === 'logs' ? h(Logs, { key: name, service }) : h(Overview, { service }),
  ])
}

function Head({ service }: { service: ServiceView }): VNode {
  const { name, state, since, hosts, sleeps_at: sleepsAt, in_flight: inFlight, held } = service
  const kept = useTicking((now) => keptSentence(service, now))
  const waking = wakingSentence(service)
  return h('header', { class: 'head' }, [
    h('div', null, [
      h('h1', { tabIndex: -1 }, name),
      h('p', { class: 'line' }, [
        h(StateBadge, { state }),
        h('span', null, ['for ', h(Since, { at: since })]),
        h('span', null, `${inFlight} in flight`),
        h('span', null, `${held} held`),
        sleepsAt !== null && h('span', null, ['sleeps in ', h(Until, { at: sleepsAt })]),
        kept !== null && h('span', null, kept),
        isAlwaysOn(service) && h('span', null, 'always on: only proxied'),
      ]),
      waking !== null && h('p', { class: 'quiet' }, waking),
      h('p', { class: 'quiet hosts' }, list(hosts)),
    ]),
    h('div', { class: 'orders' }, [h(WakeOrSleep, { service, main: true }), h(Pins, { service })]),
  ])
}

function Overview({ service }: { service: ServiceView }): VNode {
  const { name, failure, parts } = service
  return h('div', { class: 'panels' }, [
    failure !== null && h(FailureBox, { failure }),
    h(TimelinePanel, { name }),
    // Two columns of their own: a short panel leaves no hole beside a long one.
    h('div', { class: 'column' }, [h(LatencyPanel, { name }), h(Activity, { name })]),
    h('div', { class: 'column' }, [parts.length > 0 && h(Parts, { parts }), h(Facts, { service })]),
  ])
}

type Failure = NonNullable<ServiceView['failure']>

function FailureBox({ failure }: { failure: Failure }): VNode {
  const { message, hint, at, retry_at: retryAt } = failure
  const { now } = useDashboard()
  const due = useTicking((time) => (retryAt !== null && Date.parse(retryAt) > time ? 1 : 0))
  return h('section', { class: 'notice bad', 'aria-label': 'What failed' }, [
    h('p', null, h('strong', null, `${message}.`)),
    h('p', null, hint),
    h('p', { class: 'quiet' }, [
      `It failed at ${clockTime(at, now())}. `,
      due === 1 && retryAt !== null
        ? ['A request may try again in ', h(Until, { at: retryAt }), '; an order at once.']
        : 'The next request tries again.',
    ]),
  ])
}

function Facts({ service }: { service: ServiceView }): VNode {
  const {
    target,
    health,
    memory_bytes: memory,
    idle_timeout_ms: idle,
    tls,
    totals,
    last_sleep: sleep,
  } = service
  const { last_wake: wake, last_active: active, needed_by: neededBy, waiting_for: waitingFor } = service
  const lived = totals.awake_ms + totals.asleep_ms
  const facts: readonly (readonly [term: string, value: ComponentChildren])[] = [
    ['Target', h('code', null, target)],
    [
      'Addresses',
      service.routes.map(({ host, path }) =>
        h('code', { key: `${host}${path}` }, path === '/' ? host : `${host}${path}`),
      ),
    ],
    ['Last used', service.in_flight + service.held > 0 ? 'now' : h(Ago, { at: active })],
    [
      'Last wake',
      wake === null
        ? NOTHING
        : [h(Ago, { at: wake.at }), `, ${took(wake.total_ms)}: ${wakeReason(wake.trigger)}`],
    ],
    [
      'Last sleep',
      sleep === null
        ? NOTHING
        : [h(Ago, { at: sleep.at }), `, ${took(sleep.took_ms)}: ${sleepReason(sleep.reason)}`],
    ],
    ['Sleeps after', idle === 0 ? 'never by itself' : `${duration(idle)} without a request`],
    ['Memory awake', memory === null ? 'not known yet' : bytes(memory)],
    ['Asleep', `${percent(totals.asleep_ms, lived)} of ${duration(lived)}`],
    ['Wakes', `${totals.wakes}, ${totals.failed_wakes} of them failed`],
    ['Requests held', String(totals.holds)],
    ...(health === null ? [] : [['Health', health] as const]),
    ...(tls === null ? [] : [['Certificate', tls] as const]),
    ...(neededBy.length === 0 ? [] : [['Needed by', h(Names, { names: neededBy })] as const]),
    ...(waitingFor.length === 0 ? [] : [['Waits for', h(Names, { names: waitingFor })] as const]),
  ]
  return h(
    Section,
    { id: 'facts', title: 'Facts' },
    h(
      'dl',
      null,
      facts.map(([term, value]) => h('div', { key: term }, [h('dt', null, term), h('dd', null, value)])),
    ),
  )
}

/** Those that are services lead there; a part of a stack ("blog/db") is on its own service's page. */
function Names({ names }: { names: readonly string[] }): VNode {
  return h(
    'span',
    { class: 'names' },
    names.map((name) =>
      h(
        Link,
        { key: name, open: { view: 'service', name: name.split('/')[0] ?? name, tab: 'overview' } },
        name,
      ),
    ),
  )
}

function Parts({ parts }: { parts: ServiceView['parts'] }): VNode {
  return h(Section, { id: 'parts', title: 'Parts' }, [
    h('p', { class: 'quiet' }, 'Started in this order, stopped the other way round.'),
    h(
      'ul',
      { class: 'parts-list' },
      parts.map(({ name, target, state, since, health, failure }) =>
        h('li', { key: name }, [
          h('strong', null, name.slice(name.indexOf('/') + 1)),
          h(StateBadge, { state }),
          h('span', { class: 'quiet' }, ['for ', h(Since, { at: since })]),
          health !== null && h('span', { class: 'quiet' }, health),
          h('code', null, target),
          failure !== null && h('p', { class: 'bad' }, `${failure.message}. ${failure.hint}`),
        ]),
      ),
    ),
  ])
}

/** Events of one service on its page. */
const EVENTS_SHOWN = 30

function Activity({ name }: { name: string }): VNode {
  const events = useKnown((known) => known.events)
  const { now } = useDashboard()
  const mine = events.flatMap((event) => {
    const sentence = event['service'] === name ? eventSentence(event) : null
    return sentence === null ? [] : [{ event, sentence }]
  })
  const shown = mine.slice(0, EVENTS_SHOWN)
  return h(
    Section,
    {
      id: 'activity',
      title: 'What happened',
      aside: mine.length > 0 && h('span', { class: 'quiet' }, count(mine.length, 'event')),
    },
    [
      shown.length === 0
        ? h('p', { class: 'quiet' }, 'Nothing since WakeDock started, or nothing that is still in memory.')
        : h(
            'ol',
            { class: 'events' },
            shown.map(({ event, sentence }) =>
              h('li', { key: event.id, class: event.type }, [
                h('time', { dateTime: event.at, title: whole(event.at) }, clockTime(event.at, now())),
                h('span', null, sentence),
              ]),
            ),
          ),
    ],
  )
}
