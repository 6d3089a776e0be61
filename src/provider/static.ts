/**
 * Targets that are always on: an address WakeDock only proxies to. There is nothing to start, and nothing it may stop.
 */
import { TargetError } from '../errors.ts'
import type { Provider, ProviderListener, TargetStatus } from '../domain/ports.ts'
import type { Target, UrlTarget } from '../domain/service.ts'
import { createCanon } from './upstreams.ts'

export function createStaticProvider(): Provider {
  const canon = createCanon()
  let listener: ProviderListener | null = null
  let told = new Set<Target>()

  function statusOf(target: Target): TargetStatus {
    const { key, scheme, host, port } = urlOf(target)
    return canon(target, {
      state: 'running',
      // One run that never ends: only another address is another upstream.
      upstream: { protocol: scheme, host, port, generation: key, relayed: false },
    })
  }

  return {
    name: 'url',
    start: (target) => Promise.resolve(statusOf(target)),
    stop: (target) =>
      Promise.reject(
        new TargetError(
          'refused',
          `${urlOf(target).host} is not WakeDock's to stop`,
          'Use `container` or `process` as the target, or set idle_timeout: 0.',
        ),
      ),
    inspect: (target) => Promise.resolve(statusOf(target)),
    watch(targets, to) {
      const own = targets.filter((target) => target.kind === 'url')
      const fresh = own.filter((target) => !told.has(target))
      const first = listener === null && own.length > 0
      if (own.length > 0) listener = to
      told = new Set(own)
      // Not from within watch(): nobody expects to be called back before the call returns.
      setImmediate(() => {
        if (first) listener?.back('url')
        for (const target of fresh) if (told.has(target)) listener?.status(target, statusOf(target))
      })
    },
    close() {
      listener = null
      told = new Set()
      return Promise.resolve()
    },
  }
}

function urlOf(target: Target): UrlTarget {
  if (target.kind === 'url') return target
  throw new Error(`${target.key} is no URL`)
}
