/** What is around every view: the name, the way between views, the connection, the theme, the way out. */
import type { VNode } from 'preact'
import { h } from './h.ts'
import { useState } from 'preact/hooks'
import { useDashboard, useKnown } from './hooks.ts'
import { Link } from './link.ts'
import type { View } from './location.ts'
import { Logo } from './logo.ts'
import { Button } from './parts.ts'
import { keepTheme, readTheme, readToken, THEMES, type Theme } from './session.ts'

const LINK_WORDS = { connecting: 'Connecting…', live: 'Live', lost: 'Connection lost' } as const

export function Frame({ open }: { open: View }): VNode {
  const { logIn } = useDashboard()
  const link = useKnown((known) => known.link)
  const scope = useKnown(({ overview }) => overview?.scope)
  return h('header', { class: 'frame' }, [
    h('div', { class: 'brand' }, [h(Logo, null), h('span', null, 'WakeDock')]),
    h('nav', { 'aria-label': 'Views' }, [
      h(Link, { open: { view: 'list' }, current: open.view !== 'config' }, 'Services'),
      h(Link, { open: { view: 'config' }, current: open.view === 'config' }, 'Config'),
    ]),
    h('div', { class: 'tools' }, [
      h('span', { class: `link ${link}`, role: 'status' }, [
        h('i', { 'aria-hidden': 'true' }),
        h('span', null, LINK_WORDS[link]),
      ]),
      scope === 'read' &&
        h('span', { class: 'quiet scope', title: 'The token may read, not operate.' }, 'read only'),
      h(ThemeChoice, null),
      readToken() !== null && h(Button, { onClick: () => logIn(null) }, 'Log out'),
    ]),
  ])
}

const THEME_WORDS: Readonly<Record<Theme, string>> = { auto: 'Auto', light: 'Light', dark: 'Dark' }

function ThemeChoice(): VNode {
  const [theme, setTheme] = useState(readTheme)
  return h('label', { class: 'theme' }, [
    h('span', { class: 'hidden' }, 'Theme'),
    h(
      'select',
      {
        onChange: (event) => {
          const next = THEMES.find((each) => each === event.currentTarget.value) ?? 'auto'
          keepTheme(next)
          setTheme(next)
        },
      },
      THEMES.map((each) =>
        h('option', { key: each, value: each, selected: each === theme }, THEME_WORDS[each]),
      ),
    ),
  ])
}
