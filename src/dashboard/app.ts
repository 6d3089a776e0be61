/** The page: which view is open, where the focus goes when another one is, and the keys that work everywhere. */
import { Fragment, type VNode } from 'preact'
import { h } from './h.ts'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Banners, Outcomes } from './banners.ts'
import { Config } from './config.ts'
import { Detail } from './detail.ts'
import { Frame } from './frame.ts'
import { useDashboard, useEventOf, useKnown } from './hooks.ts'
import { isTyping, List } from './list.ts'
import type { Place, View } from './location.ts'
import { Login } from './login.ts'
import { Foot, Summary } from './summary.ts'

export function App(): VNode {
  const { place } = useDashboard()
  const login = useKnown((known) => known.login)
  const [, again] = useState({})
  useEventOf('hashchange', () => again({}))
  const now = place()
  return login === null
    ? h(Views, { place: now })
    : h(Fragment, null, [h(Login, { login }), h(Outcomes, null)])
}

function Views({ place: { open, search, ordering } }: { place: Place }): VNode {
  const { go } = useDashboard()
  const failed = useKnown(({ overview }) => overview?.services.failed ?? 0)
  const lost = useKnown(({ link }) => link === 'lost')
  useFocus(open)
  useEffect(() => {
    const what = open.view === 'service' ? `${open.name} – ` : ''
    document.title = `${failed > 0 ? `(${failed} failed) ` : ''}${what}WakeDock`
  })
  useEventOf('keydown', (event) => {
    if (!(event instanceof KeyboardEvent) || event.key !== 'Escape' || event.defaultPrevented) return
    // A dialog closes by it, a field has its own use for it.
    if (open.view === 'list' || isTyping(event.target) || document.querySelector('dialog[open]') !== null)
      return
    go({ open: { view: 'list' } })
  })
  return h(Fragment, null, [
    h(
      'a',
      {
        class: 'skip',
        href: '#main',
        onClick: (event) => {
          // Not by the address: that says what is open.
          event.preventDefault()
          document.querySelector('main')?.focus()
        },
      },
      'Skip to the content',
    ),
    h(Frame, { open }),
    h('main', { id: 'main', tabIndex: -1, class: lost ? 'stale' : '' }, [
      h(Banners, { orders: open.view !== 'config' }),
      open.view === 'list' &&
        h(Fragment, null, [
          h('h1', { class: 'hidden', tabIndex: -1 }, 'Services'),
          h(Summary, { search }),
          h(List, { search, ordering }),
        ]),
      open.view === 'service' && h(Detail, { key: open.name, open }),
      open.view === 'config' && h(Config, null),
    ]),
    h(Foot, null),
    h(Outcomes, null),
  ])
}

/** To the heading of what has been opened; on the way back to where it was opened from. Not at the first view of the page. */
function useFocus(open: View): void {
  const before = useRef(open)
  // Before anything is painted: no key may go astray.
  useLayoutEffect(() => {
    const last = before.current
    before.current = open
    if (nameOf(last) === nameOf(open)) return
    const row =
      last.view === 'service' && open.view === 'list' ? `tr[data-service="${CSS.escape(last.name)}"] a` : null
    const target =
      (row === null ? null : document.querySelector<HTMLElement>(row)) ??
      document.querySelector<HTMLElement>('main h1')
    target?.focus()
    if (row === null) scrollTo(0, 0)
  })
}

const nameOf = (open: View): string => (open.view === 'service' ? `service ${open.name}` : open.view)
