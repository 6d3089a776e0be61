/**
 * Wake and sleep, and the question before a sleep that somebody would notice. The button stays the same element while an order is
 * under way, so that the focus does not get lost.
 */
import type { VNode } from 'preact'
import { h } from './h.ts'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ServiceView } from '../admin/service-view.ts'
import { useDashboard, useKnown } from './hooks.ts'
import { Button } from './parts.ts'
import { inTheWay } from './sentences.ts'

/** In these it takes a wake to be of use; in the others it can be put to sleep. */
const DOWN: ReadonlySet<ServiceView['state']> = new Set(['asleep', 'failed', 'stopping'])

/** What is only proxied is always on. */
export const isAlwaysOn = ({ target }: Pick<ServiceView, 'target'>): boolean => target.startsWith('url ')

/** null where the token may only read, and where there is nothing to order. */
export function WakeOrSleep({
  service,
  main = false,
}: {
  service: ServiceView
  main?: boolean
}): VNode | null {
  const { actions } = useDashboard()
  const mayOperate = useKnown(({ overview }) => overview?.scope === 'operate')
  const order = useKnown(({ orders }) => orders.get(service.name))
  const [asked, setAsked] = useState<string | null>(null)
  const { name } = service
  if (!mayOperate || isAlwaysOn(service)) return null

  const sleep = (force: boolean): void => {
    void actions.sleep(name, force).then((needed) => {
      if (needed !== null) setAsked(needed)
    })
  }
  const ask = (): void => {
    const why = inTheWay(service)
    if (why === null) sleep(false)
    else setAsked(why)
  }
  const down = DOWN.has(service.state) && order !== 'sleep' && order !== 'force'
  const busy = order === 'wake' || order === 'force' || (order === 'sleep' && service.state !== 'draining')
  const words =
    { wake: 'Waking…', sleep: 'Ending…', force: 'Ending…' }[order ?? ''] ?? (down ? 'Wake' : 'Sleep')
  return h('span', { class: 'order' }, [
    h(
      Button,
      {
        kind: main ? 'main' : 'plain',
        label: `${words} ${name}`,
        busy,
        onClick: () => (down ? void actions.wake(name) : ask()),
      },
      words,
    ),
    asked !== null && h(SleepQuestion, { service, why: asked, sleep, close: () => setAsked(null) }),
  ])
}

interface QuestionProps {
  readonly service: ServiceView
  /** What is in the way, as a sentence. */
  readonly why: string
  readonly sleep: (force: boolean) => void
  readonly close: () => void
}

function SleepQuestion({ service, why, sleep, close }: QuestionProps): VNode {
  const dialog = useRef<HTMLDialogElement>(null)
  // The browser keeps the focus in it, closes it by Esc, and gives the focus back.
  useEffect(() => dialog.current?.showModal(), [])
  const end = (): void => dialog.current?.close()
  const choose = (force: boolean) => (): void => {
    end()
    sleep(force)
  }
  const needed = service.needed_by.length > 0
  const id = `ask-${service.name}`
  return h(
    'dialog',
    { ref: dialog, onClose: close, 'aria-labelledby': id, 'aria-describedby': `${id}-why` },
    [
      h('h2', { id }, `Put ${service.name} to sleep?`),
      h('p', { id: `${id}-why` }, [
        `${why} `,
        needed
          ? 'By force, what needs it is put to sleep first, and requests under way are cut.'
          : 'It can wait for them to end, as long as its drain_timeout; a new request in that time keeps it awake. By force they are cut at once.',
      ]),
      h('div', { class: 'choices' }, [
        h(Button, { onClick: end }, 'Cancel'),
        h(Button, { kind: 'danger', onClick: choose(true) }, 'Force it now'),
        !needed && h(Button, { kind: 'main', onClick: choose(false) }, 'Sleep when they end'),
      ]),
    ],
  )
}

const PINS: readonly (readonly [words: string, duration: string | null])[] = [
  ['1 h', '1h'],
  ['8 h', '8h'],
  ['until unpinned', null],
]

/** null where the token may only read. */
export function Pins({ service }: { service: ServiceView }): VNode | null {
  const { actions } = useDashboard()
  const mayOperate = useKnown(({ overview }) => overview?.scope === 'operate')
  const busy = useKnown(({ orders }) => orders.get(service.name) === 'pin')
  if (!mayOperate || isAlwaysOn(service)) return null
  const { name, pinned } = service
  return h('div', { class: 'pins', role: 'group', 'aria-label': `Keep ${name} awake` }, [
    h('span', { 'aria-hidden': 'true' }, 'Keep awake'),
    PINS.map(([words, duration]) =>
      h(
        Button,
        {
          key: words,
          busy,
          label: `Keep awake ${duration === null ? '' : 'for '}${words}`,
          onClick: () => void actions.pin(name, duration),
        },
        words,
      ),
    ),
    pinned &&
      h(Button, { key: 'unpin', busy, kind: 'main', onClick: () => void actions.unpin(name) }, 'Unpin'),
  ])
}
