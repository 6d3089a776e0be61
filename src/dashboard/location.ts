/**
 * What is open, as the part of the address behind "#": so that a reload, a bookmark and the back button keep it. It holds no
 * secret, and browsers do not send it to any server.
 */
import type { Ordering, SortKey } from './order.ts'
import { SORT_KEYS } from './order.ts'

export type View =
  | { readonly view: 'list' }
  | { readonly view: 'service'; readonly name: string; readonly tab: 'overview' | 'logs' }
  | { readonly view: 'config' }

export interface Place {
  readonly open: View
  /** What the list is searched for; kept while a service is open, so that the way back leads to the same list. */
  readonly search: string
  readonly ordering: Ordering
}

export const DEFAULT_ORDER: Ordering = { by: 'name', descending: false }

/** Of any text: what makes no sense opens the list. */
export function readPlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2)
  const parameters = new URLSearchParams(query)
  const sort = parameters.get('sort') ?? ''
  const by = SORT_KEYS.find((key) => key === sort.replace(/^-/, ''))
  return {
    open: readView(path),
    search: parameters.get('q') ?? '',
    ordering: by === undefined ? DEFAULT_ORDER : { by, descending: sort.startsWith('-') },
  }
}

function readView(path: string): View {
  const [, first, name = '', tab] = path.split('/')
  if (first === 'config') return { view: 'config' }
  if (first !== 'services' || name === '') return { view: 'list' }
  try {
    return { view: 'service', name: decodeURIComponent(name), tab: tab === 'logs' ? 'logs' : 'overview' }
  } catch {
    // A stray % in a hand-written address.
    return { view: 'list' }
  }
}

/** The way back from readPlace(); what is as usual is left out. */
export function writePlace({ open, search, ordering }: Place): string {
  const parameters = new URLSearchParams()
  if (search !== '') parameters.set('q', search)
  const sort = `${ordering.descending ? '-' : ''}${ordering.by satisfies SortKey}`
  if (sort !== DEFAULT_ORDER.by) parameters.set('sort', sort)
  const query = parameters.size === 0 ? '' : `?${parameters.toString()}`
  return `#${pathOf(open)}${query}`
}

function pathOf(open: View): string {
  if (open.view === 'config') return '/config'
  if (open.view === 'list') return '/'
  return `/services/${encodeURIComponent(open.name)}${open.tab === 'logs' ? '/logs' : ''}`
}
