/** Which services the list shows, and in which order. */
import t from 'tap'
import { viewService, type ServiceView } from '../../src/admin/service-view.ts'
import { matches, sortServices, type SortKey } from '../../src/dashboard/order.ts'
import { NOW, snapshot } from '../helpers/fake-control.ts'

const view = (name: string, changes: Parameters<typeof snapshot>[1] = {}): ServiceView =>
  viewService(snapshot(name, changes))

const SERVICES = [
  view('app10', { state: 'awake', inFlight: 1, lastActive: NOW }),
  view('app2', { state: 'asleep', lastActive: NOW - 1_000 }),
  view('App1', { state: 'asleep' }),
  view('shop', { state: 'waking', held: 3, lastActive: NOW }),
  view('wiki', { state: 'failed' }),
  view('git', { state: 'draining', lastActive: NOW - 500 }),
  view('old', { state: 'stopping' }),
]

const names = (by: SortKey, descending = false): string =>
  sortServices(SERVICES, { by, descending })
    .map(({ name }) => name)
    .join(' ')

t.test('numbers in names count as numbers, and capitals as small letters', async (t) => {
  t.equal(names('name'), 'App1 app2 app10 git old shop wiki')
  t.equal(names('name', true), 'wiki shop old git app10 app2 App1')
})

t.test('by state: what needs somebody first, and what rests last', async (t) => {
  t.equal(names('state'), 'wiki shop app10 git old App1 app2')
  t.equal(
    names('state', true),
    'App1 app2 old git app10 shop wiki',
    'equal ones stay in the order of their names',
  )
})

t.test('by traffic: those who wait count as well', async (t) => {
  t.equal(names('traffic'), 'shop app10 App1 app2 git old wiki')
})

t.test('by last use: the newest first, and last what was never used', async (t) => {
  t.equal(names('used'), 'app10 shop git app2 App1 old wiki')
  t.equal(names('used', true), 'App1 old wiki app2 git app10 shop')
})

t.test('the list that is sorted stays as it is', async (t) => {
  const before = SERVICES.map(({ name }) => name)
  sortServices(SERVICES, { by: 'state', descending: true })
  t.same(
    SERVICES.map(({ name }) => name),
    before,
  )
})

t.test('a search looks for all its words in name, hosts, target and state', async (t) => {
  const blog = view('blog', { state: 'asleep' })
  for (const search of ['', '  ', 'BLOG', 'example.com', 'container', 'asleep', 'og sleep'])
    t.ok(matches(blog, search), search)
  for (const search of ['awake', 'blog awake', 'blogs']) t.notOk(matches(blog, search), search)
})
