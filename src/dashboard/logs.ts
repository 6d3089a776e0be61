/**
 * The log of a service, following. Paused, the page stands still and counts what has come; filtered, it shows the lines with a text
 * in them. It scrolls along only while its end is in sight: who reads further up is left alone.
 */
import { Component, type VNode } from 'preact'
import { h } from './h.ts'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { ServiceView } from '../admin/service-view.ts'
import { sentencesOf } from './api.ts'
import { count, lineTime } from './format.ts'
import { useDashboard, useKnown } from './hooks.ts'
import { filtered, LINES_KEPT, withLines, type Line } from './log-lines.ts'
import { followLog } from './log-stream.ts'
import { isAlwaysOn } from './orders.ts'
import { Button, Empty } from './parts.ts'

/** Pixels from the end at which it still counts as in sight. */
const NEAR = 24

export function Logs({ service }: { service: ServiceView }): VNode {
  const scope = useKnown(({ overview }) => overview?.scope)
  if (isAlwaysOn(service))
    return h(
      Empty,
      { title: 'No log here' },
      'This service is only proxied: its log is on the host that it runs on.',
    )
  if (scope === 'read')
    return h(
      Empty,
      { title: 'This token may not read logs' },
      'Logs may hold secrets, so they take a token of scope operate. Log out, and log in with one.',
    )
  return scope === undefined
    ? h('p', { class: 'quiet' }, 'Opening the log…')
    : h(Follower, { name: service.name })
}

type Status = { readonly is: 'opening' | 'following' } | { readonly is: 'ended'; readonly why: string }

function Follower({ name }: { name: string }): VNode {
  const { api } = useDashboard()
  const [lines, setLines] = useState<readonly Line[]>([])
  const [frozen, setFrozen] = useState<readonly Line[] | null>(null)
  const [search, setSearch] = useState('')
  const [status, setStatus] = useState<Status>({ is: 'opening' })
  const [attempt, setAttempt] = useState(0)

  useEffect(() => {
    setLines([])
    setStatus({ is: 'opening' })
    return followLog(api, name, {
      lines: (more) => {
        setStatus({ is: 'following' })
        setLines((known) => withLines(known, more))
      },
      ended: (error) =>
        setStatus({ is: 'ended', why: error === null ? 'The log has ended.' : sentencesOf(error) }),
    })
  }, [api, name, attempt])

  const seen = frozen ?? lines
  const shown = useMemo(() => filtered(seen, search), [seen, search])
  const missed = frozen === null ? 0 : (lines.at(-1)?.id ?? 0) - (frozen.at(-1)?.id ?? 0)
  const said = statusWords(status, frozen !== null, lines.length)
  return h('section', { class: 'logs', 'aria-label': `Log of ${name}` }, [
    h('div', { class: 'toolbar' }, [
      h('label', { class: 'search' }, [
        h('span', { class: 'hidden' }, 'Show lines with'),
        h('input', {
          type: 'search',
          placeholder: 'Show lines with…',
          autocomplete: 'off',
          spellcheck: false,
          onInput: (event) => setSearch(event.currentTarget.value),
        }),
      ]),
      h(
        Button,
        { pressed: frozen !== null, onClick: () => setFrozen(frozen === null ? lines : null) },
        'Pause',
      ),
      status.is === 'ended' && h(Button, { onClick: () => setAttempt(attempt + 1) }, 'Follow again'),
      h('p', { class: 'quiet found', role: 'status' }, said),
      missed > 0 && h('p', { class: 'quiet' }, `${count(missed, 'new line')} since`),
    ]),
    h(Lines, { lines: shown, name }),
    h('p', { class: 'quiet' }, [
      search === ''
        ? `The last ${LINES_KEPT} lines are kept here.`
        : `${shown.length} of ${count(seen.length, 'line')} fit.`,
      ' Reading a log does not wake a service.',
    ]),
  ])
}

function statusWords(status: Status, paused: boolean, lines: number): string {
  if (status.is === 'ended') return status.why
  if (paused) return 'Paused.'
  if (status.is === 'opening') return 'Opening the log…'
  return lines === 0 ? 'Following. Nothing has been printed yet.' : 'Following.'
}

function Lines({ lines, name }: { lines: readonly Line[]; name: string }): VNode {
  const box = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  useLayoutEffect(() => {
    const { current } = box
    if (current !== null && atEnd.current) current.scrollTop = current.scrollHeight
  }, [lines])
  return h(
    'div',
    {
      ref: box,
      class: 'lines',
      role: 'region',
      'aria-label': `Lines of ${name}`,
      // To be scrolled by keyboard.
      tabIndex: 0,
      onScroll: ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR
      },
    },
    lines.map((line) => h(LineRow, { key: line.id, line })),
  )
}

/** A line never changes: two thousand of them are drawn once each. */
class LineRow extends Component<{ readonly line: Line }> {
  override shouldComponentUpdate(): boolean {
    return false
  }

  override render({ line: { at, stream, part, text } }: { readonly line: Line }): VNode {
    return h('div', { class: `log-line ${stream}` }, [
      at !== null && h('time', { dateTime: at }, lineTime(at)),
      stream === 'stderr' && h('span', { class: 'err', title: 'stderr' }, 'err'),
      part !== '' && h('span', { class: 'part' }, part),
      h('span', { class: 'text' }, text),
    ])
  }
}
