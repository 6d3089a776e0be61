/** Mutants, the other half: parts of the core around the lifecycle with one method replaced. */
import { Alarm } from '../../src/domain/alarm.ts'
import { Bonds } from '../../src/domain/bonds.ts'
import { Group } from '../../src/domain/group.ts'
import { HoldBudget, HoldQueue } from '../../src/domain/hold-queue.ts'
import { Keeping } from '../../src/domain/keeping.ts'
import type { Lease } from '../../src/domain/gate.ts'
import { ServiceLease } from '../../src/domain/lease.ts'
import { ServiceRuntime } from '../../src/domain/service-runtime.ts'
import { Uses } from '../../src/domain/uses.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import type { Mutant } from './mutants.ts'

/** Replaces a method, made from the one that was there; what it returns puts that back. */
function replaced<T extends object, K extends keyof T>(
  owner: T,
  name: K,
  make: (original: T[K]) => T[K],
): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name)
  if (before === undefined) throw new Error(`${String(name)} is not of this class`)
  Object.defineProperty(owner, name, { ...before, value: make(before.value as T[K]) })
  return () => {
    Object.defineProperty(owner, name, before)
  }
}

/** The same for an accessor. */
function getting<T extends object, K extends keyof T>(owner: T, name: K, value: () => T[K]): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name)
  if (before?.get === undefined) throw new Error(`${String(name)} is no accessor of this class`)
  Object.defineProperty(owner, name, { ...before, get: value })
  return () => {
    Object.defineProperty(owner, name, before)
  }
}

export const faultyParts: readonly Mutant[] = [
  {
    breaks: 'a shutdown forgets the requests that wait',
    invariant: [1],
    install: () =>
      replaced(HoldQueue.prototype, 'reject', (original) => {
        return function (this: HoldQueue, outcome, error) {
          if (outcome !== 'shutdown') original.call(this, outcome, error)
        }
      }),
  },
  {
    breaks: 'a failure of what a service needs does not stop it from starting',
    invariant: [2],
    install: () =>
      replaced(Bonds.prototype, 'needs', (original) => {
        return function (this: Bonds) {
          const needs = original.call(this)
          return needs instanceof Error ? 'met' : needs
        }
      }),
  },
  {
    breaks: 'a service that is put back does not wait for the verb of the one before it',
    invariant: [2],
    install: () => getting(ServiceRuntime.prototype, 'verb', () => Promise.resolve()),
  },
  {
    breaks: 'what a service needs is let go when its stop begins',
    invariant: [3, 8],
    install: () =>
      replaced(ServiceRuntime.prototype, 'dispatch', (original) => {
        return function (this: ServiceRuntime, event) {
          original.call(this, event)
          if (this.state.name === 'stopping') this.bonds.release()
        }
      }),
  },
  {
    breaks: 'an alarm that is set is never set sooner',
    invariant: [4],
    install: () =>
      replaced(Alarm.prototype, 'by', (original) => {
        return function (this: Alarm, at) {
          if (this.at === Infinity) original.call(this, at)
        }
      }),
  },
  {
    breaks: 'what only others needed has to wait for its own idle time',
    invariant: [4, 8],
    install: () => getting(Bonds.prototype, 'lastClaim', () => -Infinity),
  },
  {
    breaks: 'nobody looks when a schedule opens or closes',
    invariant: [4],
    install: () => replaced(Keeping.prototype, 'changesAt', () => () => null),
  },
  {
    breaks: 'a pin has no end',
    invariant: [4],
    install: () =>
      replaced(Keeping.prototype, 'pin', (original) => {
        return function (this: Keeping) {
          original.call(this, Infinity)
        }
      }),
  },
  {
    breaks: 'a probe loop that is cancelled goes on',
    invariant: [6],
    install: () => {
      const abort = replaced(AbortController.prototype, 'abort', () => () => undefined)
      const timer = replaced(FakeClock.prototype, 'setTimer', (original) => {
        return function (this: FakeClock, delay, callback) {
          original.call(this, delay, callback)
          return { cancel: () => undefined }
        }
      })
      return () => {
        abort()
        timer()
      }
    },
  },
  {
    breaks: 'any number of requests may wait, all services together',
    invariant: [7],
    install: () => getting(HoldBudget.prototype, 'full', () => false),
  },
  {
    breaks: 'any number of requests may wait for one service',
    invariant: [7],
    install: () =>
      replaced(HoldQueue.prototype, 'add', (original) => {
        return function (this: HoldQueue, timeout) {
          return original.call(this, timeout, Infinity)
        }
      }),
  },
  {
    breaks: 'a service that a reload takes out keeps its claims',
    invariant: [8],
    install: () => replaced(Bonds.prototype, 'release', () => () => undefined),
  },
  {
    breaks: 'a stack is said to be asleep before its parts are',
    invariant: [8],
    install: () => replaced(Group.prototype, 'stop', () => () => Promise.resolve()),
  },
  {
    breaks: 'a stack wakes at what its own stop has left behind',
    invariant: ['circle', 4, 8],
    install: () =>
      replaced(Group.prototype, 'news', (original) => {
        return function (this: Group) {
          const told = original.call(this)
          return told?.state === 'stopped' ? null : told
        }
      }),
  },
  {
    breaks: 'a shutdown stops what runs',
    invariant: [9],
    install: () =>
      replaced(ServiceRuntime.prototype, 'close', (original) => {
        return function (this: ServiceRuntime, outcome, error) {
          if (outcome === 'shutdown') this.dispatch({ type: 'sleep', force: true })
          original.call(this, outcome, error)
        }
      }),
  },
  {
    breaks: 'a reload begins the idle time of every service anew',
    invariant: [10, 4],
    install: () =>
      replaced(ServiceRuntime.prototype, 'reconfigure', (original) => {
        return function (this: ServiceRuntime, service) {
          this.uses.touch()
          original.call(this, service)
        }
      }),
  },
  {
    breaks: 'a service that is taken out is given no time to drain',
    invariant: [10],
    install: () =>
      replaced(
        ServiceRuntime.prototype,
        'drained',
        () =>
          async function (this: ServiceRuntime) {
            await this.verb
          },
      ),
  },
  {
    breaks: 'a lease is never given back',
    invariant: [11],
    install: () => replaced(ServiceLease.prototype, 'release', () => () => undefined),
  },
  {
    breaks: 'a lease that is given back twice counts twice',
    invariant: [11],
    install: () =>
      replaced(Uses.prototype, 'lease', (original) => {
        const all = new Map<Uses, Set<Lease>>()
        return function (this: Uses, upstream) {
          const open = all.get(this) ?? new Set()
          const lease = original.call(this, upstream)
          all.set(this, open.add(lease))
          const release = (): void => {
            // The second time it ends the use of somebody else.
            const ends = open.delete(lease) ? lease : [...open][0]
            if (ends !== undefined) open.delete(ends)
            ends?.release()
          }
          return { upstream, release, [Symbol.dispose]: release }
        }
      }),
  },
  {
    breaks: 'a successor on the same target does not know of the requests before it',
    invariant: [11],
    install: () =>
      replaced(ServiceRuntime.prototype, 'drained', (original) => {
        return function (this: ServiceRuntime, deadline) {
          // From now on nothing of it is counted.
          Object.defineProperty(this.uses, 'inFlight', { value: 0 })
          return original.call(this, deadline)
        }
      }),
  },
  {
    breaks: 'a request that is to be ignored counts as use',
    invariant: ['peek'],
    install: () =>
      replaced(ServiceRuntime.prototype, 'peek', (original) => {
        return function (this: ServiceRuntime) {
          this.uses.touch()
          return original.call(this)
        }
      }),
  },
]
