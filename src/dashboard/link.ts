/** A link to something else in the dashboard: a real one, to be opened in a tab of its own; search and order stay with it. */
import type { ComponentChildren, VNode } from 'preact'
import { h } from './h.ts'
import { useDashboard } from './hooks.ts'
import { writePlace, type View } from './location.ts'

export interface LinkProps {
  readonly open: View
  readonly class?: string
  /** It leads to what is open. */
  readonly current?: boolean
  readonly children: ComponentChildren
}

export function Link({ open, class: name, current = false, children }: LinkProps): VNode {
  const { place } = useDashboard()
  return h(
    'a',
    { href: writePlace({ ...place(), open }), class: name, 'aria-current': current ? 'page' : undefined },
    children,
  )
}
