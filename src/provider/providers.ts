/** Several providers as the one that the core knows: each target goes to the provider of its kind. */
import { TargetError } from '../errors.ts'
import type { Insight, Provider } from '../domain/ports.ts'
import type { Target } from '../domain/service.ts'

/** A url is always on, and of a group only the parts run: the core never asks a provider about them. */
export type ProviderTable = Readonly<Record<Exclude<Target['kind'], 'url' | 'group'>, Provider & Insight>>

/**
 * lost() and back() carry the name of the provider concerned; one that has nothing to watch says neither, so that a
 * machine without Docker and without container services never hears that Docker is not there.
 *
 * People may ask about every target: the logs of a url or a group are a `refused` TargetError, their memory is not known.
 */
export function createProviders(table: ProviderTable): Provider & Insight {
  const all = Object.values(table)
  const of = (target: Target): Provider & Insight => {
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
    logs: (target, options) => (isAbstract(target) ? noLogs(target) : of(target).logs(target, options)),
    memory: (target) => (isAbstract(target) ? Promise.resolve(null) : of(target).memory(target)),
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

function isAbstract({ kind }: Target): boolean {
  return kind === 'url' || kind === 'group'
}

/** Told when the first line is asked for, as every other provider does. */
function noLogs({ kind }: Target): AsyncIterable<never> {
  const [what, hint] =
    kind === 'url'
      ? ['a url has no log that WakeDock could read', 'Read it where that service runs.']
      : ['a stack has no log of its own', 'Read those of its parts.']
  const next = (): Promise<never> => Promise.reject(new TargetError('refused', what, hint))
  return { [Symbol.asyncIterator]: () => ({ next }) }
}
