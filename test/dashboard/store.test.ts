/** What the messages of the stream make of what the dashboard knows. */
import t from 'tap'
import { viewService } from '../../src/admin/service-view.ts'
import {
  createStore,
  NOTHING_KNOWN,
  takeIn,
  takePast,
  takePasts,
  withOrder,
  withOutcome,
  type Known,
} from '../../src/dashboard/store.ts'
import { snapshot } from '../helpers/fake-control.ts'

const AT = '2026-11-21T10:00:00.000Z'
const LATER = '2026-11-21T10:00:09.000Z'
const view = (name: string) => viewService(snapshot(name))
const past = { since: AT, states: [{ at: AT, state: 'asleep' as const }], wakes: [], estimate_ms: null }

/** After messages, one after the other. */
function after(known: Known, ...messages: readonly (readonly [type: string, data: unknown])[]): Known {
  let now = known
  for (const [type, data] of messages) now = Object.assign({}, now, takeIn(now, type, data))
  return now
}

t.test('a view replaces that of its service, and no other', async (t) => {
  const first = after(NOTHING_KNOWN, ['service', view('blog')], ['service', view('shop')])
  const second = after(first, ['service', { ...view('shop'), state: 'awake' }])
  t.same(
    [...(second.services ?? [])].map(([name, { state }]) => `${name} ${state}`),
    ['blog asleep', 'shop awake'],
  )
  t.equal(second.services?.get('blog'), first.services?.get('blog'), 'so that its row is not drawn again')
})

t.test('a service that is gone takes its past with it', async (t) => {
  const known = after(
    { ...NOTHING_KNOWN, pasts: new Map([['blog', past]]) },
    ['service', view('blog')],
    ['service_gone', { name: 'blog' }],
  )
  t.equal(known.services?.size, 0)
  t.equal(known.pasts.size, 0)
})

t.test('events go on with the past of their service', async (t) => {
  const known = after(
    { ...NOTHING_KNOWN, pasts: new Map([['blog', past]]) },
    ['state', { id: 'a-1', at: LATER, type: 'state', service: 'blog', from: 'asleep', to: 'waking' }],
    ['woke', { id: 'a-2', at: LATER, type: 'woke', service: 'blog', trigger: 'request' }],
    ['state', { id: 'a-3', at: LATER, type: 'state', service: 'unknown', from: 'asleep', to: 'waking' }],
  )
  t.same(known.pasts.get('blog')?.states.at(-1), { at: LATER, state: 'waking' })
  t.same(
    known.events.map(({ id }) => id),
    ['a-3', 'a-2', 'a-1'],
    'newest first',
  )
  const wakes = [
    { at: LATER, trigger: 'request', outcome: 'ready', start_ms: 4, ready_ms: 5, total_ms: 9 },
  ] as const
  t.same(takePast(known, 'blog', { ...past, wakes: [...wakes] }).pasts?.get('blog')?.wakes, wakes)
  t.same(takePast(known, 'gone', past), {}, 'a service that has gone meanwhile stays away')
})

t.test('what is not known changes nothing', async (t) => {
  for (const data of [null, 5, 'x', {}, { name: 5 }, { name: 'blog' }, { id: 'x' }])
    t.same(takeIn(NOTHING_KNOWN, 'service', data), {})
  const odd = { id: 'a-1', at: LATER, type: 'state', service: 'blog', to: 'floating' }
  t.same(
    after({ ...NOTHING_KNOWN, pasts: new Map([['blog', past]]) }, ['state', odd]).pasts.get('blog'),
    past,
  )
})

t.test('after a gap the events before it are not shown', async (t) => {
  const event = { id: 'a-1', at: AT, type: 'slept', service: 'blog' }
  t.same(after(NOTHING_KNOWN, ['slept', event], ['gap', {}]).events, [])
})

t.test('a page that is open for weeks keeps the last 500 events', async (t) => {
  const events = Array.from(
    { length: 600 },
    (_, index) => ['slept', { id: `a-${index}`, at: AT, type: 'slept' }] as const,
  )
  const known = after(NOTHING_KNOWN, ...events)
  t.equal(known.events.length, 500)
  t.equal(known.events[0]?.id, 'a-599')
})

t.test('services that went while the connection was lost are found by the history', async (t) => {
  const known = after(NOTHING_KNOWN, ['service', view('blog')], ['service', view('shop')])
  t.same([...(takePasts(known, { shop: past }).services?.keys() ?? [])], ['shop'])
  t.equal(takePasts(NOTHING_KNOWN, { shop: past }).services, null, 'they are still to come')
  t.equal(takePasts(NOTHING_KNOWN, {}).services?.size, 0, 'there are none')
})

t.test('of outcomes the last four stay, and none stays twice', async (t) => {
  let known = NOTHING_KNOWN
  for (const [id, text] of ['a', 'b', 'c', 'd', 'e', 'd'].entries())
    known = Object.assign({}, known, withOutcome(known, { id, ok: true, text, details: [] }))
  t.same(
    known.outcomes.map(({ text }) => text),
    ['b', 'c', 'e', 'd'],
  )
})

t.test('an order is known until it has ended', async (t) => {
  const known = { ...NOTHING_KNOWN, ...withOrder(NOTHING_KNOWN, 'blog', 'wake') }
  t.equal(known.orders.get('blog'), 'wake')
  t.equal(withOrder(known, 'blog', null).orders?.size, 0)
})

t.test('a burst of changes is told once', async (t) => {
  const later: (() => void)[] = []
  const store = createStore((callback) => later.push(callback))
  let told = 0
  const stop = store.follow(() => told++)
  store.change(() => ({ link: 'live' }))
  store.change(() => ({ liveAt: 5 }))
  t.match(store.known, { link: 'live', liveAt: 5 }, 'known at once')
  t.equal(told, 0)
  for (const callback of later.splice(0)) callback()
  t.equal(told, 1)
  stop()
  store.change(() => ({ liveAt: 6 }))
  for (const callback of later.splice(0)) callback()
  t.equal(told, 1)
})
