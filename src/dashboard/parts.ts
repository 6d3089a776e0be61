/** The small pieces that every view is made of: states, labels that count, buttons. */
import type { ComponentChildren, VNode } from 'preact'
import { h } from './h.ts'
import type { ServiceView } from '../admin/service-view.ts'
import { ago, countdown, duration, NOTHING } from './format.ts'
import { useTicking } from './hooks.ts'

type State = ServiceView['state']

/** Each has a shape of its own, for whoever cannot tell the colours apart. In a box of 16 by 16. */
const SHAPES: Readonly<Record<State, () => VNode>> = {
  asleep: () => h('path', { d: 'M9.8 2.1a6.2 6.2 0 1 0 4.3 8.6A5.2 5.2 0 0 1 9.8 2.1z' }),
  waking: () =>
    h('g', null, [
      h('path', { d: 'M2 12.5h12', class: 'stroke' }),
      h('path', { d: 'M4 12a4 4 0 0 1 8 0z' }),
      h('path', { d: 'M8 5V2.5M3.6 7.2 2.2 5.6M12.4 7.2l1.4-1.6', class: 'stroke' }),
    ]),
  awake: () => h('circle', { cx: 8, cy: 8, r: 5.5 }),
  draining: () => h('path', { d: 'M8 2v8M4.2 6.8 8 10.5l3.8-3.7M2.5 14h11', class: 'stroke' }),
  stopping: () => h('rect', { x: 3.5, y: 3.5, width: 9, height: 9, rx: 1.5 }),
  failed: () =>
    h('g', null, [
      h('path', { d: 'M8 1.6 15.2 14H.8z', class: 'round' }),
      h('path', { d: 'M8 6.3v3.2M8 11.8v.2', class: 'cut' }),
    ]),
}

/** The word and its sign. The sign says nothing that the word does not. */
export function StateBadge({ state }: { state: State }): VNode {
  return h('span', { class: `state ${state}` }, [
    h('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, SHAPES[state]()),
    h('span', null, state),
  ])
}

/** "3 min": how long ago that was. */
export function Since({ at }: { at: string }): VNode {
  const text = useTicking((now) => duration(now - Date.parse(at)))
  return h('time', { dateTime: at, title: whole(at) }, text)
}

/** "3 min ago". */
export function Ago({ at }: { at: string | null }): VNode {
  const text = useTicking((now) => (at === null ? NOTHING : ago(at, now)))
  return at === null
    ? h('span', { class: 'none' }, [NOTHING, h('span', { class: 'hidden' }, 'never')])
    : h('time', { dateTime: at, title: whole(at) }, text)
}

/** Counts down to a time; no screen reader is to say every second of it. */
export function Until({ at }: { at: string }): VNode {
  const text = useTicking((now) => countdown(Date.parse(at) - now))
  return h('time', { dateTime: at, title: whole(at), class: 'count' }, text)
}

/** For a title: the time in full, where the reader is. */
export function whole(at: string): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
}

export interface ButtonProps {
  readonly children: ComponentChildren
  readonly onClick: () => void
  readonly kind?: 'main' | 'plain' | 'danger'
  /** What a screen reader says instead, where the words alone do not tell what it is about. */
  readonly label?: string | undefined
  /** An order is under way: it can be reached, so that the focus stays, and does nothing. */
  readonly busy?: boolean
  readonly pressed?: boolean
}

export function Button({
  children,
  onClick,
  kind = 'plain',
  label,
  busy = false,
  pressed,
}: ButtonProps): VNode {
  return h(
    'button',
    {
      type: 'button',
      class: `button ${kind}`,
      'aria-disabled': busy ? 'true' : undefined,
      'aria-label': label,
      'aria-pressed': pressed,
      onClick: () => {
        if (!busy) onClick()
      },
    },
    children,
  )
}

export interface EmptyProps {
  readonly title: string
  readonly children: ComponentChildren
  /** It is all there is in the view, so its title is the view's. Default: false. */
  readonly alone?: boolean
}

/** Instead of what would be empty: what there is, and what to do about it. */
export function Empty({ title, children, alone = false }: EmptyProps): VNode {
  return h('div', { class: 'empty' }, [
    alone ? h('h1', { tabIndex: -1 }, title) : h('h2', null, title),
    h('p', null, children),
  ])
}

/** A part of a view with a heading of its own. */
export function Section(props: {
  readonly id: string
  readonly title: string
  readonly aside?: ComponentChildren
  readonly children: ComponentChildren
}): VNode {
  const { id, title, aside, children } = props
  return h('section', { class: `panel ${id}`, 'aria-labelledby': `${id}-title` }, [
    h('header', null, [h('h2', { id: `${id}-title` }, title), aside]),
    children,
  ])
}
