/** What has to be seen whatever is open: the connection is lost, the config was refused, Docker does not answer. */
import type { VNode } from 'preact'
import { h } from './h.ts'
import { ConfigOrders } from './config.ts'
import { clockTime, count } from './format.ts'
import { useDashboard, useKnown, useTicking } from './hooks.ts'
import { Button, Ago } from './parts.ts'

/** `orders`: whether the orders for the config stand beside its faults; they may be on the page already. */
export function Banners({ orders }: { orders: boolean }): VNode {
  const link = useKnown((known) => known.link)
  const refused = useKnown(({ overview }) => overview?.config.refused ?? null)
  const providers = useKnown(({ overview }) => overview?.providers)
  const down = (providers ?? []).filter(({ up }) => !up)
  return h('div', { class: 'banners' }, [
    link === 'lost' && h(Lost, null),
    down.map(({ name, problem }) =>
      h('section', { key: name, class: 'notice bad', 'aria-label': `${name} is down` }, [
        h('p', null, [h('strong', null, `${name} does not answer. `), problem ?? '']),
        h(
          'p',
          { class: 'quiet' },
          'What runs goes on being served; nothing can be woken or put to sleep through it until it answers.',
        ),
      ]),
    ),
    refused !== null && h(Refused, { key: 'refused', orders, at: refused.at, faults: refused.faults }),
  ])
}

function Lost(): VNode {
  const liveAt = useKnown((known) => known.liveAt)
  const why = useKnown((known) => known.lostWhy)
  const since = useTicking(() => (liveAt === 0 ? '' : clockTime(new Date(liveAt).toISOString(), Date.now())))
  return h('section', { class: 'notice bad', role: 'alert' }, [
    h('p', null, h('strong', null, 'The connection to WakeDock is lost. It is tried again by itself.')),
    h('p', { class: 'quiet' }, [
      since === '' ? '' : `What you see is from ${since}. `,
      why === ''
        ? 'If this stays, see that WakeDock runs (its log says why it ended) and that this machine reaches it.'
        : why,
    ]),
  ])
}

/** Faults on the banner before the rest is folded away. */
const FAULTS_SHOWN = 5

interface RefusedProps {
  readonly at: string
  readonly faults: readonly string[]
  readonly orders: boolean
}

function Refused({ at, faults, orders }: RefusedProps): VNode {
  const [first, rest] = [faults.slice(0, FAULTS_SHOWN), faults.slice(FAULTS_SHOWN)]
  const items = (some: readonly string[]): VNode =>
    h(
      'ul',
      { class: 'faults' },
      some.map((fault) => h('li', { key: fault }, fault)),
    )
  return h('section', { class: 'notice warn refused', 'aria-label': 'The config was refused' }, [
    h('div', null, [
      h('p', null, [
        h('strong', null, 'The config has faults, so the one before stays in force. '),
        h('span', { class: 'quiet' }, ['Refused ', h(Ago, { at }), '.']),
      ]),
      items(first),
      rest.length > 0 &&
        h('details', null, [h('summary', null, count(rest.length, 'more fault')), items(rest)]),
    ]),
    orders && h(ConfigOrders, null),
  ])
}

/** Always in the page, so that a screen reader says what is put into it. */
export function Outcomes(): VNode {
  const { actions } = useDashboard()
  const outcomes = useKnown((known) => known.outcomes)
  return h(
    'div',
    { class: 'outcomes', role: 'status', 'aria-live': 'polite', 'aria-atomic': 'false' },
    outcomes.map(({ id, ok, text, details }) =>
      h('div', { key: id, class: `outcome ${ok ? 'good' : 'bad'}` }, [
        h('div', null, [
          h('p', null, text),
          details.length > 0 &&
            h(
              'ul',
              { class: 'faults' },
              details.map((detail) => h('li', { key: detail }, detail)),
            ),
        ]),
        h(Button, { label: `Close: ${text}`, onClick: () => actions.dismiss(id) }, '×'),
      ]),
    ),
  )
}
