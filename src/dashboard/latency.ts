/** How long the last wakes of a service took: a bar for each, made of its two parts, and the same as a table for who wants figures. */
import type { VNode } from 'preact'
import { h } from './h.ts'
import { took } from './format.ts'
import { useKnown } from './hooks.ts'
import { Ago, Section } from './parts.ts'
import { axisEnd, type Past } from './past.ts'
import { wakeReason } from './sentences.ts'

type Wake = Past['wakes'][number]

/** Bars at a time: on a phone more would be lines. */
const SHOWN = 30
/** In the picture's own units. */
const [WIDTH, HEIGHT] = [600, 120]

/** What the parts of a bar are. */
const KEY: readonly (readonly [part: string, words: string])[] = [
  ['part-start', 'until it ran'],
  ['part-ready', 'from there until it was ready'],
  ['hollow', 'failed'],
]

function Bar({ wake, index, end }: { wake: Wake; index: number; end: number }): VNode {
  const step = WIDTH / SHOWN
  const [x, width] = [WIDTH - (index + 1) * step + step * 0.2, step * 0.6]
  const tall = (ms: number): number => Math.max(1, (ms / end) * HEIGHT)
  const [start, ready] = [tall(wake.start_ms), tall(wake.ready_ms)]
  const failed = wake.outcome !== 'ready'
  return h('g', { class: failed ? 'failed' : 'ready' }, [
    h(
      'title',
      null,
      `${took(wake.total_ms)}: start ${took(wake.start_ms)}, ready ${took(wake.ready_ms)}${failed ? `; ${wake.outcome}` : ''}`,
    ),
    h('rect', { class: 'part-start', x, width, y: HEIGHT - start, height: start }),
    h('rect', { class: 'part-ready', x, width, y: HEIGHT - start - ready, height: ready }),
  ])
}

export function LatencyPanel({ name }: { name: string }): VNode {
  const past = useKnown(({ pasts }) => pasts.get(name))
  // Newest first, at the right.
  const wakes = (past?.wakes ?? []).slice(-SHOWN).toReversed()
  const estimate = past?.estimate_ms ?? null
  const aside = estimate === null ? null : h('span', { class: 'quiet' }, `usually ${took(estimate)}`)
  if (wakes.length === 0)
    return h(
      Section,
      { id: 'wakes', title: 'Wakes' },
      h('p', { class: 'quiet' }, 'No wake has been seen since WakeDock started.'),
    )
  const end = axisEnd(Math.max(...wakes.map(({ total_ms: total }) => total)))
  const label = `The last ${wakes.length === 1 ? 'wake' : `${wakes.length} wakes`}, up to ${took(end)}; the table below has the figures`
  return h(Section, { id: 'wakes', title: 'Wakes', aside }, [
    h('div', { class: 'chart' }, [
      h('div', { class: 'scale', 'aria-hidden': 'true' }, [
        h('span', null, took(end)),
        h('span', null, took(end / 2)),
        h('span', null, '0'),
      ]),
      h(
        'svg',
        { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
        [
          h('path', {
            class: 'grid',
            d: `M0 .5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}`,
          }),
          wakes.map((wake, index) => h(Bar, { key: wake.at, wake, index, end })),
        ],
      ),
    ]),
    h('p', { class: 'key' }, [
      KEY.map(([part, words]) => h('span', { key: part }, [h('i', { class: `swatch ${part}` }), words])),
    ]),
    h('details', null, [
      h('summary', null, 'As a table'),
      h(
        'div',
        { class: 'scrolls', tabIndex: 0, role: 'region', 'aria-label': 'Wakes as a table' },
        h(WakeTable, { wakes }),
      ),
    ]),
  ])
}

function WakeTable({ wakes }: { wakes: readonly Wake[] }): VNode {
  const heads = ['When', 'Why', 'Start', 'Ready', 'Together', 'Outcome']
  return h('table', { class: 'figures' }, [
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        heads.map((head) => h('th', { key: head, scope: 'col' }, head)),
      ),
    ),
    h(
      'tbody',
      null,
      wakes.map((wake) =>
        h('tr', { key: wake.at }, [
          h('td', null, h(Ago, { at: wake.at })),
          h('td', null, wakeReason(wake.trigger)),
          h('td', null, took(wake.start_ms)),
          h('td', null, took(wake.ready_ms)),
          h('td', null, took(wake.total_ms)),
          h('td', null, wake.outcome),
        ]),
      ),
    ),
  ])
}
