/** What a reload makes of the config, and what a hand, a crash or the engine makes of a container. */
import type { Target } from '../../src/domain/service.ts'
import { stopped, type FakeProvider } from '../helpers/fake-provider.ts'
import type { Change, OutsideChange } from './actions.ts'
import { namesOf, type Layout } from './cast.ts'

/** The configs that a reload, or two, puts in force one after the other. */
export function changed(layout: Layout, change: Change): Layout[] {
  switch (change.kind) {
    case 'nothing':
      return [{ ...layout }]
    case 'edge':
    case 'part':
    case 'target':
      return [{ ...layout, [change.kind]: !layout[change.kind] }]
    case 'policy': {
      const policies = [...layout.policies, 0, 0, 0, 0].slice(0, 4)
      return [{ ...layout, policies: policies.with(change.s % 4, change.policy) }]
    }
    case 'again':
    case 'remove':
    case 'rename': {
      const names = namesOf(layout.cast)
      const name = names[change.s % names.length] ?? ''
      if (change.kind === 'rename') return [{ ...layout, renamed: turned(layout.renamed, name) }]
      const once = { ...layout, removed: turned(layout.removed, name) }
      return change.kind === 'again' ? [once, layout] : [once]
    }
  }
}

function turned(list: readonly string[], name: string): string[] {
  return list.includes(name) ? list.filter((each) => each !== name) : [...list, name]
}

/** Somebody else does this to a container, where it can be done. */
export function changeOutside(provider: FakeProvider, target: Target, what: OutsideChange): void {
  const { state } = provider.status(target)
  const runs = state === 'running'
  if (typeof what === 'number' && runs) provider.change(target, stopped(what))
  if (what === 'oom' && runs) provider.change(target, stopped(137, true))
  if (what === 'start' && !runs && state !== 'missing') provider.change(target, 'running')
  if (what === 'recreate') {
    provider.addressless.delete(target.key)
    if (state !== 'missing') provider.change(target, 'running')
  }
  if (what === 'create' && state === 'missing') provider.change(target, stopped(0))
  if (what === 'pause' && runs) provider.change(target, { state: 'paused' })
  if (what === 'remove') provider.change(target, { state: 'missing' })
  if (what === 'homeless') {
    provider.addressless.add(target.key)
    if (runs) provider.change(target, 'running')
  }
  if (what === 'restarting' && runs) {
    provider.change(target, { state: 'restarting', exitCode: 1 })
    provider.hear()
    if (provider.status(target).state === 'restarting') provider.change(target, 'running')
  }
}
