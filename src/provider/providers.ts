/** Several providers as the one that the core knows: each target goes to the provider of its kind. */
import type { Provider } from '../domain/ports.ts'
import type { Target } from '../domain/service.ts'

/** A url is always on, and of a group only the parts run: the core never asks a provider about them. */
export type ProviderTable = Readonly<Record<Exclude<Target['kind'], 'url' | 'group'>, Provider>>

/**
 * lost() and back() carry the name of the provider concerned; one that has nothing to watch says neither, so that a
 * machine without Docker and without container services never hears that Docker is not there.
 */
export function createProviders(table: ProviderTable): Provider {
  const all = Object.values(table)
  const of = (target: Target): Provider => {
    if (target.kind === 'url' || target.kind === 'group') throw new Error(`${target.key} has no provider`)
    return table[target.kind]
  }
  return {
    name: 'all',
    start: (target) => of(target).start(target),
    stop: (target, grace) => of(target).stop(target, grace),
    pause: (target) => of(target).pause(target),
    usage: (target) => of(target).usage(target),
    inspect: (target) => of(target).inspect(target),
    watch(targets, listener) {
      for (const [kind, provider] of Object.entries(table)) {
        provider.watch(
          targets.filter((target) => target.kind === kind),
          listener,
        )
      }
    },
    async close() {
      await Promise.all(all.map((provider) => provider.close()))
    },
  }
}
