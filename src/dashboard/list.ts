/**
 * All services: searched, sorted, live. The search and the order are in the address. As a table on a screen that has room for
 * one, as cards on a phone; for a screen reader a table everywhere (the roles say so, as CSS takes a table's own away).
 */
import type { VNode } from 'preact'
import { h } from './h.ts'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { ServiceView } from '../admin/service-view.ts'
import { count } from './format.ts'
import { useDashboard, useEventOf, useKnown } from './hooks.ts'
import { Link } from './link.ts'
import type { Place } from './location.ts'
import { matches, SORT_KEYS, sortServices, type Ordering, type SortKey } from './order.ts'
import { Button, Empty } from './parts.ts'
import { Row } from './row.ts'
import { LIST_HOURS } from './timeline.ts'

const NO_SERVICES: ReadonlyMap<string, ServiceView> = new Map()

const SORT_WORDS: Readonly<Record<SortKey, string>> = {
  name: 'name',
  state: 'state',
  traffic: 'traffic',
  used: 'last use',
}

interface Column {
  readonly name: string
  readonly head: string
  readonly sort?: SortKey
}

const COLUMNS: readonly Column[] = [
  { name: 'name', head: 'Service', sort: 'name' },
  { name: 'what', head: 'State', sort: 'state' },
  { name: 'line', head: `Last ${LIST_HOURS} hours` },
  { name: 'flight', head: 'In flight', sort: 'traffic' },
  { name: 'held', head: 'Held' },
  { name: 'rest', head: 'Sleeps in' },
  { name: 'used', head: 'Last used', sort: 'used' },
  { name: 'woken', head: 'Last wake' },
  { name: 'do', head: 'Order' },
]

export function List({ search, ordering }: Pick<Place, 'search' | 'ordering'>): VNode {
  const services = useKnown((known) => known.services)
  const pasts = useKnown((known) => known.pasts)
  const all = services ?? NO_SERVICES
  const shown = useMemo(
    () =>
      sortServices(
        [...all.values()].filter((service) => matches(service, search)),
        ordering,
      ),
    [all, search, ordering.by, ordering.descending],
  )
  if (services === null) return h('p', { class: 'quiet center' }, 'Asking WakeDock for its services…')
  if (all.size === 0)
    return h(Empty, { title: 'No service yet' }, [
      'WakeDock has no service in its config. Add one under ',
      h('code', null, 'services:'),
      ' in the file that ',
      h(Link, { open: { view: 'config' } }, 'the page Config'),
      ' names, and it appears here by itself.',
    ])
  return h('div', { class: 'services' }, [
    h(Toolbar, { search, ordering, shown: shown.length, total: all.size }),
    shown.length === 0
      ? h(NoneFound, { search })
      : h(
          Table,
          { ordering },
          shown.map((service) => h(Row, { key: service.name, service, past: pasts.get(service.name) })),
        ),
  ])
}

function NoneFound({ search }: { search: string }): VNode {
  const { go } = useDashboard()
  return h(Empty, { title: `No service fits “${search}”` }, [
    'Names, hosts, targets and states are searched. ',
    h(Button, { onClick: () => go({ search: '' }, 'replace') }, 'Show all services'),
  ])
}

interface ToolbarProps extends Pick<Place, 'search' | 'ordering'> {
  readonly shown: number
  readonly total: number
}

function Toolbar({ search, ordering, shown, total }: ToolbarProps): VNode {
  const { go, place } = useDashboard()
  const input = useRef<HTMLInputElement>(null)
  useEventOf('keydown', (event) => {
    if (
      !(event instanceof KeyboardEvent) ||
      event.key !== '/' ||
      event.ctrlKey ||
      event.metaKey ||
      isTyping(event.target)
    )
      return
    event.preventDefault()
    input.current?.focus()
    input.current?.select()
  })
  // Somebody else has changed the address. It is asked for as it is now: what is typed is in it at once, and may be further on
  // than what has been drawn.
  useEffect(() => {
    const { search: now } = place()
    if (input.current !== null && input.current.value !== now) input.current.value = now
  }, [search])
  return h('div', { class: 'toolbar', role: 'search' }, [
    h('label', { class: 'search' }, [
      h('span', { class: 'hidden' }, 'Search services'),
      h('input', {
        ref: input,
        type: 'search',
        placeholder: 'Search by name, host or state',
        autocomplete: 'off',
        spellcheck: false,
        onInput: (event) => go({ search: event.currentTarget.value }, 'replace'),
        onKeyDown: (event) => {
          if (event.key !== 'Escape') return
          if (search === '') event.currentTarget.blur()
          go({ search: '' }, 'replace')
        },
      }),
      h('kbd', { 'aria-hidden': 'true' }, '/'),
    ]),
    h(
      'p',
      { class: 'quiet found', role: 'status' },
      search === '' ? count(total, 'service') : `${shown} of ${count(total, 'service')}`,
    ),
    h('label', { class: 'sort' }, [
      h('span', null, 'Sort by'),
      h(
        'select',
        { value: ordering.by, onChange: (event) => sortBy(go, event.currentTarget.value, false) },
        SORT_KEYS.map((key) =>
          h('option', { key, value: key, selected: key === ordering.by }, SORT_WORDS[key]),
        ),
      ),
    ]),
  ])
}

type Go = ReturnType<typeof useDashboard>['go']

function sortBy(go: Go, value: string, descending: boolean): void {
  const by = SORT_KEYS.find((key) => key === value)
  if (by !== undefined) go({ ordering: { by, descending } }, 'replace')
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, select, textarea')
}

function Table({ ordering, children }: { ordering: Ordering; children: VNode[] }): VNode {
  return h('table', { class: 'list', role: 'table' }, [
    h('caption', { class: 'hidden' }, 'Services'),
    h(
      'thead',
      { role: 'rowgroup' },
      h(
        'tr',
        { role: 'row' },
        COLUMNS.map((column) => h(Head, { key: column.name, column, ordering })),
      ),
    ),
    h('tbody', { role: 'rowgroup' }, children),
  ])
}

function Head({ column: { name, head, sort }, ordering }: { column: Column; ordering: Ordering }): VNode {
  const { go } = useDashboard()
  if (sort === undefined) return h('th', { role: 'columnheader', scope: 'col', class: name }, head)
  const sorted = ordering.by === sort
  const direction = ordering.descending ? 'descending' : 'ascending'
  return h(
    'th',
    { role: 'columnheader', scope: 'col', class: name, 'aria-sort': sorted ? direction : 'none' },
    [
      h(
        'button',
        { type: 'button', class: 'sorter', onClick: () => sortBy(go, sort, sorted && !ordering.descending) },
        [
          head,
          h(
            'svg',
            { viewBox: '0 0 10 10', 'aria-hidden': 'true', class: sorted ? direction : 'unsorted' },
            h('path', { d: 'M5 2 8.5 7h-7z' }),
          ),
        ],
      ),
    ],
  )
}
