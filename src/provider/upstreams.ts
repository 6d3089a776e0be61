/**
 * One Upstream object for one run at one address, however often it is asked for. Upstreams are compared by identity
 * (domain/ports.ts): a second object for the same run would throw the connection pool away. Its health is not a part of it.
 */
import { isDeepStrictEqual } from 'node:util'
import type { TargetStatus, Upstream } from '../domain/ports.ts'
import type { Target } from '../domain/service.ts'

/** Returns a function that puts the Upstream seen before into a status that has an equal one. */
export function createCanon(): (target: Target, status: TargetStatus) => TargetStatus {
  const last = new Map<string, Upstream>()
  return (target, status) => {
    if (status.state !== 'running') return status
    const known = last.get(target.key)
    if (known !== undefined && isEqual(known, status.upstream)) return { ...status, upstream: known }
    last.set(target.key, status.upstream)
    return status
  }
}

function isEqual(a: Upstream, b: Upstream): boolean {
  return (
    a.generation === b.generation &&
    a.host === b.host &&
    a.port === b.port &&
    a.protocol === b.protocol &&
    // By what they say: every reading of the config makes new ones.
    isDeepStrictEqual(a.tls, b.tls) &&
    a.relayed === b.relayed &&
    a.healthcheck === b.healthcheck
  )
}
