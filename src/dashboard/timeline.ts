/** When a service was awake, as a picture: one line of a list, or a panel with hours under it. */
import type { VNode } from 'preact'
import { h } from './h.ts'
import { useState } from 'preact/hooks'
import { clockTime, percent } from './format.ts'
import { useKnown, useTicking } from './hooks.ts'
import { Button, Section } from './parts.ts'
import { marks, shares, stretches, type Kind, type Past, type Stretch } from './past.ts'

const HOUR = 3_600_000
/** Hours of the small pictures in the list. */
export const LIST_HOURS = 6
/** In the picture's own units. */
const WIDTH = 1_000
/** A wake of seconds must be seen in a day. */
const THINNEST = 2

/** Their place and height differ as well as their colours: awake fills it, failed is up, on the move is half, asleep is low. */
const BAND: Readonly<Record<Kind, readonly [top: number, height: number]>> = {
  unknown: [18, 2],
  asleep: [16, 4],
  moving: [10, 10],
  awake: [0, 20],
  failed: [0, 9],
}
/** Later ones are drawn over earlier ones. */
const LAYERS: readonly Kind[] = ['unknown', 'asleep', 'awake', 'moving', 'failed']

/** One path a kind, however many stretches: 500 of these pictures are on one page. */
function Bands({ found }: { found: readonly Stretch[] }): VNode {
  const paths = LAYERS.flatMap((kind) => {
    const [top, height] = BAND[kind]
    const d = found
      .filter((stretch) => stretch.kind === kind)
      .map(({ from, to }) => {
        const width = Math.max(kind === 'asleep' || kind === 'unknown' ? 0 : THINNEST, (to - from) * WIDTH)
        return `M${(from * WIDTH).toFixed(1)} ${top}h${width.toFixed(1)}v${height}h-${width.toFixed(1)}z`
      })
      .join('')
    return d === '' ? [] : [h('path', { key: kind, class: kind, d })]
  })
  return h('g', null, paths)
}

/** The same in words. */
function summary(found: readonly Stretch[], hours: number): string {
  const { unknown, awake, moving, failed } = shares(found)
  const known = 1 - unknown
  const when = hours === 1 ? 'the last hour' : `the last ${hours} hours`
  const failing = failed > 0 ? `, failed ${percent(failed, known)}` : ''
  return `Awake ${percent(awake + moving, known)} of ${when}${failing}`
}

/** New once in so many milliseconds: a pixel of it is worth more than that. */
function useWindow(hours: number, step: number): { from: number; to: number } {
  const to = useTicking((now) => Math.floor(now / step)) * step + step
  return { from: to - hours * HOUR, to }
}

export function SmallTimeline({ past }: { past: Past | undefined }): VNode | null {
  const span = useWindow(LIST_HOURS, 30_000)
  if (past === undefined) return null
  const found = stretches(past, span)
  return h(
    'svg',
    {
      class: 'timeline',
      viewBox: `0 0 ${WIDTH} 20`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': summary(found, LIST_HOURS),
    },
    h(Bands, { found }),
  )
}

const WINDOWS = [1, 6, 24]
/** Further right a time would be cut. */
const LAST_MARK = 0.9

const KEY: readonly (readonly [kind: Kind, words: string])[] = [
  ['awake', 'awake'],
  ['moving', 'waking or stopping'],
  ['asleep', 'asleep'],
  ['failed', 'failed'],
]

export function TimelinePanel({ name }: { name: string }): VNode {
  const [hours, setHours] = useState(LIST_HOURS)
  const past = useKnown(({ pasts }) => pasts.get(name))
  const span = useWindow(hours, hours === 1 ? 5_000 : 30_000)
  const found = past === undefined ? [] : stretches(past, span)
  const buttons = WINDOWS.map((each) =>
    h(
      Button,
      {
        key: each,
        pressed: each === hours,

        onClick: () => setHours(each),
      },
      `${each} h`,
    ),
  )
  return h(
    Section,
    {
      id: 'times',
      title: 'Awake and asleep',
      aside: h('div', { class: 'segments', role: 'group', 'aria-label': 'Time shown' }, buttons),
    },
    [
      h(
        'svg',
        {
          class: 'timeline large',
          viewBox: `0 0 ${WIDTH} 20`,
          preserveAspectRatio: 'none',
          role: 'img',
          'aria-label': summary(found, hours),
        },
        h(Bands, { found }),
      ),
      h(
        'div',
        { class: 'axis', 'aria-hidden': 'true' },
        marks(span)
          .filter((at) => (at - span.from) / (span.to - span.from) < LAST_MARK)
          .map((at) =>
            h(
              'span',
              { key: at, style: { left: `${((at - span.from) / (span.to - span.from)) * 100}%` } },
              clockTime(new Date(at).toISOString(), at),
            ),
          ),
      ),
      h('p', { class: 'key' }, [
        KEY.map(([kind, words]) => h('span', { key: kind }, [h('i', { class: `swatch ${kind}` }), words])),
        h('span', { class: 'sum' }, `${summary(found, hours)}.`),
      ]),
    ],
  )
}
