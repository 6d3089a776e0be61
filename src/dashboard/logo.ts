/** The mark of WakeDock: a moon, and the light that comes on. */
import type { VNode } from 'preact'
import { h } from './h.ts'

export function Logo(): VNode {
  return h('svg', { class: 'logo', viewBox: '0 0 32 32', 'aria-hidden': 'true' }, [
    h('rect', { width: 32, height: 32, rx: 8, class: 'ground' }),
    h('path', { d: 'M19.5 7.2a9 9 0 1 0 5.3 12.9A7.6 7.6 0 0 1 19.5 7.2z', fill: '#fff' }),
    h('circle', { cx: 23.2, cy: 10, r: 2.6, fill: '#ffd479' }),
  ])
}
