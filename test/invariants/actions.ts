/** What may happen in the simulation, and the services it happens to: a container, and a local process that can be redefined. */
import fc from 'fast-check'
import { stopped, type FakeProvider } from '../helpers/fake-provider.ts'
import { service } from '../helpers/service.ts'
import type { Service, Target } from '../../src/domain/service.ts'
import type { FailureReason } from '../../src/errors.ts'

export const NAMES = ['a', 'b'] as const
export type Name = (typeof NAMES)[number]

export type Action =
  | { do: 'request'; name: Name }
  | { do: 'finish' | 'abort'; which: number; twice: boolean }
  | { do: 'advance'; ms: number }
  | { do: 'verb'; name: Name; how: 'succeed' | FailureReason; effect: boolean }
  | { do: 'app'; ready: boolean }
  | { do: 'outside'; name: Name; what: 'start' | 'pause' | 'remove' | 'restarting' | number }
  | { do: 'hear' | 'lose' | 'back' }
  | { do: 'order'; name: Name; goal: 'wake' | 'sleep'; force: boolean }
  | { do: 'verify'; name: Name }
  | { do: 'reload'; idle: number; minAwake: number; taken: 'none' | Name; redefined: boolean }

/** One is a container, the other a local process, of which there may be two definitions. */
function targetOf(name: Name, definition: number): Target {
  if (name === 'a') return { kind: 'container', key: 'container:a', name, port: null, scheme: 'http' }
  const key = `process:b:${definition}`
  return { kind: 'process', key, name, command: ['x'], cwd: '/', env: {}, port: 3000, scheme: 'http' }
}

export function policy(name: Name, definition: number, idleTimeout: number, minAwake: number): Service {
  return service(name, {
    target: targetOf(name, definition),
    idleTimeout,
    minAwake,
    startTimeout: 8_000,
    holdTimeout: 20_000,
    drainTimeout: 3_000,
    maxHeld: 4,
  })
}

const name = fc.constantFrom(...NAMES)

/** Weighted so that most schedules do what happens every day, and each does some of what never should. */
export const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('request' as const), name }) },
    {
      weight: 7,
      arbitrary: fc.record({
        do: fc.constantFrom('finish' as const, 'finish' as const, 'abort' as const),
        which: fc.nat(11),
        twice: fc.boolean(),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('advance' as const),
        ms: fc.constantFrom(0, 1, 5, 40, 999, 1_000, 3_000, 5_000, 8_000, 20_000),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('verb' as const),
        name,
        how: fc.constantFrom(
          'succeed' as const,
          'succeed' as const,
          'succeed' as const,
          'refused' as const,
          'unreachable' as const,
        ),
        effect: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('app' as const), ready: fc.boolean() }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('outside' as const),
        name,
        what: fc.constantFrom(
          'start' as const,
          'pause' as const,
          'remove' as const,
          'restarting' as const,
          0,
          1,
          137,
        ),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('hear' as const, 'lose' as const, 'back' as const) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('order' as const),
        name,
        goal: fc.constantFrom('wake' as const, 'sleep' as const),
        force: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('verify' as const), name }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('reload' as const),
        idle: fc.constantFrom(0, 2_000, 5_000),
        minAwake: fc.constantFrom(0, 6_000),
        taken: fc.constantFrom('none' as const, 'none' as const, ...NAMES),
        redefined: fc.boolean(),
      }),
    },
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
)

/** Somebody else does this to a container, where it can be done. */
export function changeOutside(
  provider: FakeProvider,
  target: Target,
  what: (Action & { do: 'outside' })['what'],
): void {
  const { state } = provider.status(target)
  if (typeof what === 'number' && state === 'running') provider.change(target, stopped(what))
  if (what === 'start' && state !== 'running') provider.change(target, 'running')
  if (what === 'pause' && state === 'running') provider.change(target, { state: 'paused' })
  if (what === 'remove') provider.change(target, { state: 'missing' })
  if (what === 'restarting' && state === 'running') {
    provider.change(target, { state: 'restarting', exitCode: 1 })
    provider.hear()
    provider.change(target, 'running')
  }
}
