/** Several providers as the one that the core knows: each target goes to the provider of its kind. */
import type { Provider } from '../domain/ports.ts'
import type { Target } from '../domain/service.ts'

export type ProviderTable = Readonly<Record<Target['kind'], Provider>>

/**
 * lost() and back() carry the name of the provider concerned; one that has nothing to watch says neither, so that a
 * machine without Docker and without container services never hears that Docker is not there.
 */
export function createProviders(table: ProviderTable): Provider {
  const all = Object.values(table)
  return {
    name: 'all',
    start: (target) => table[target.kind].start(target),
    stop: (target, grace) => table[target.kind].stop(target, grace),
    inspect: (target) => table[target.kind].inspect(target),
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
