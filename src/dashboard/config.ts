/** The config: which file is in force, why a newer one is not, what it says (without its secrets), and the two orders for it. */
import type { VNode } from 'preact'
import { h } from './h.ts'
import { useEffect, useState } from 'preact/hooks'
import { CONFIG } from './actions.ts'
import { sentencesOf } from './api.ts'
import { useDashboard, useKnown } from './hooks.ts'
import { Ago, Button, Section } from './parts.ts'

interface ConfigAnswer {
  readonly file: string
  readonly loaded_at: string
  readonly warnings: readonly string[]
  readonly config: unknown
}

export function Config(): VNode {
  const { api } = useDashboard()
  const loadedAt = useKnown(({ overview }) => overview?.config.loaded_at)
  const [answer, setAnswer] = useState<ConfigAnswer | null>(null)
  const [problem, setProblem] = useState('')
  useEffect(() => {
    const stop = new AbortController()
    const { signal } = stop
    api.ask<ConfigAnswer>('api/v1/config', { signal }).then(
      (value) => {
        setAnswer(value)
        setProblem('')
      },
      (error: unknown) => {
        if (!signal.aborted) setProblem(sentencesOf(error))
      },
    )
    return () => stop.abort()
  }, [api, loadedAt])
  return h('div', { class: 'detail' }, [
    h('header', { class: 'head' }, [
      h('div', null, [
        h('h1', { tabIndex: -1 }, 'Config'),
        answer !== null &&
          h('p', { class: 'line' }, [
            h('code', null, answer.file),
            h('span', { class: 'quiet' }, ['in force since ', h(Ago, { at: answer.loaded_at })]),
          ]),
      ]),
      h(ConfigOrders, null),
    ]),
    problem !== '' && h('p', { class: 'notice bad' }, problem),
    answer !== null &&
      answer.warnings.length > 0 &&
      h(
        Section,
        { id: 'warnings', title: 'Warnings' },
        h(
          'ul',
          { class: 'faults' },
          answer.warnings.map((warning) => h('li', { key: warning }, warning)),
        ),
      ),
    answer !== null &&
      h(Section, { id: 'document', title: 'In force' }, [
        h(
          'p',
          { class: 'quiet' },
          'As it is written in the file: ${NAME} is not replaced, and secrets are not shown.',
        ),
        h(
          'pre',
          { tabIndex: 0, role: 'region', 'aria-label': 'The config as JSON' },
          JSON.stringify(answer.config, null, 2),
        ),
      ]),
  ])
}

/** null where the token may only read. */
export function ConfigOrders(): VNode | null {
  const { actions } = useDashboard()
  const mayOperate = useKnown(({ overview }) => overview?.scope === 'operate')
  const order = useKnown(({ orders }) => orders.get(CONFIG))
  if (!mayOperate) return null
  const busy = order !== undefined
  return h('div', { class: 'orders' }, [
    h(
      Button,
      { busy, onClick: () => void actions.validate() },
      order === 'validate' ? 'Checking…' : 'Check the file',
    ),
    h(
      Button,
      { busy, kind: 'main', onClick: () => void actions.reload() },
      order === 'reload' ? 'Reloading…' : 'Reload',
    ),
  ])
}
