/** What is open, in the address. */
import t from 'tap'
import { DEFAULT_ORDER, readPlace, writePlace, type Place } from '../../src/dashboard/location.ts'

const LIST: Place = { open: { view: 'list' }, search: '', ordering: DEFAULT_ORDER }
const service = (name: string, tab: 'overview' | 'logs' = 'overview'): Place => ({
  ...LIST,
  open: { view: 'service', name, tab },
})

const PLACES: readonly (readonly [hash: string, place: Place])[] = [
  ['#/', LIST],
  ['#/services/blog', service('blog')],
  ['#/services/blog/logs', service('blog', 'logs')],
  ['#/services/a%2Fb%3F%20%C3%A9', service('a/b? é')],
  ['#/config', { ...LIST, open: { view: 'config' } }],
  ['#/?q=a+b%26c', { ...LIST, search: 'a b&c' }],
  [
    '#/services/blog?q=x&sort=-used',
    { ...service('blog'), search: 'x', ordering: { by: 'used', descending: true } },
  ],
  ['#/?sort=-name', { ...LIST, ordering: { by: 'name', descending: true } }],
]

t.test('it is read, and written the same way', async (t) => {
  for (const [hash, place] of PLACES) {
    t.same(readPlace(hash), place, hash)
    t.equal(writePlace(place), hash)
  }
})

t.test('what makes no sense opens the list', async (t) => {
  for (const hash of [
    '',
    '#',
    '#nonsense',
    '#/services/',
    '#/services/%E0%A4%A',
    '#/?sort=color',
    '#/services',
  ])
    t.same(readPlace(hash), LIST, hash)
})
