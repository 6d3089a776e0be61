/** What may happen in the simulation, as data, and how a schedule of it is made up. */
import fc from 'fast-check'
import type { FailureReason } from '../../src/errors.ts'
import { CAST_NAMES, type CastName, type Layout } from './cast.ts'

/** `s` and `which` count through whatever there is, over and over: services, clients, verbs. */
export type Action =
  | { do: 'request' | 'peek' | 'verify' | 'unpin'; s: number }
  | { do: 'finish' | 'abort'; which: number; twice: boolean }
  | { do: 'advance'; ms: number }
  /** The provider's calls from now on return by themselves, or hang until a `verb`. */
  | { do: 'engine'; prompt: boolean }
  | { do: 'verb'; which: number; how: 'succeed' | FailureReason; effect: boolean }
  | { do: 'app'; s: number; ready: boolean }
  | { do: 'health'; s: number; health: 'healthy' | 'unhealthy' }
  | { do: 'load'; load: 'low' | 'high' | 'failing' }
  /** Somebody else changes a container; a number is an exit code. */
  | { do: 'outside'; s: number; what: OutsideChange; heard: boolean }
  | { do: 'hear' | 'lose' | 'back' }
  | { do: 'order'; s: number; goal: 'wake' | 'sleep'; force: boolean }
  | { do: 'pin'; s: number; ms: number | null }
  | { do: 'jump'; ms: number }
  | { do: 'reload'; change: Change }

export type OutsideChange =
  'start' | 'pause' | 'remove' | 'create' | 'restarting' | 'recreate' | 'oom' | 'homeless' | number

/** `again`: taken out of the config and put back, in two reloads. */
export type Change =
  | { kind: 'edge' | 'part' | 'target' | 'nothing' }
  | { kind: 'policy'; s: number; policy: number }
  | { kind: 'remove' | 'rename' | 'again'; s: number }

export interface Scenario {
  readonly cast: CastName
  readonly policies: readonly number[]
  /** Switches of the cast. */
  readonly turned: number
  /** Bits: which containers run when WakeDock starts. */
  readonly up: number
  readonly prompt: boolean
  /** Whether WakeDock is shut down in the midst of it all, or everything left to fall asleep. */
  readonly ending: 'shutdown' | 'sleep'
  readonly schedule: readonly Action[]
}

/** What a scenario's first config is. */
export function layoutOf({ cast, policies, turned }: Scenario): Layout {
  const bit = (each: number): boolean => (turned & each) !== 0
  return { cast, policies, removed: [], renamed: [], edge: bit(1), part: bit(2), target: bit(4) }
}

const s = fc.nat(5)
const which = fc.nat(7)
const of = fc.constantFrom
const is = fc.constant

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: of('edge' as const, 'part' as const, 'target' as const, 'nothing' as const) }),
  fc.record({ kind: is('policy' as const), s, policy: fc.nat(6) }),
  fc.record({ kind: of('remove' as const, 'rename' as const, 'again' as const), s }),
)

/** Weighted so that most schedules do what happens every day, and each does some of what never should. */
const WEIGHTED: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<Action>])[] = [
  [9, fc.record({ do: is('request' as const), s })],
  [
    8,
    fc.record({
      do: of('finish' as const, 'finish' as const, 'finish' as const, 'abort' as const),
      which,
      twice: fc.boolean(),
    }),
  ],
  [
    12,
    fc.record({
      do: is('advance' as const),
      ms: of(0, 1, 5, 40, 999, 1_000, 2_000, 3_000, 5_000, 6_000, 8_000, 20_000),
    }),
  ],
  [
    8,
    fc.record({
      do: is('verb' as const),
      which,
      how: of<'succeed' | FailureReason>(
        'succeed',
        'succeed',
        'succeed',
        'succeed',
        'refused',
        'unreachable',
        'stuck',
      ),
      effect: fc.boolean(),
    }),
  ],
  [2, fc.record({ do: is('engine' as const), prompt: fc.boolean() })],
  [2, fc.record({ do: is('app' as const), s, ready: fc.boolean() })],
  [2, fc.record({ do: is('health' as const), s, health: of('healthy' as const, 'unhealthy' as const) })],
  [1, fc.record({ do: is('load' as const), load: of('low' as const, 'high' as const, 'failing' as const) })],
  [
    5,
    fc.record({
      do: is('outside' as const),
      s,
      what: of<OutsideChange>(
        'start',
        'start',
        'pause',
        'remove',
        'create',
        'restarting',
        'recreate',
        'oom',
        'homeless',
        0,
        0,
        1,
        1,
        137,
        143,
      ),
      heard: fc.boolean(),
    }),
  ],
  [2, fc.record({ do: is('hear' as const) })],
  [2, fc.record({ do: of('lose' as const, 'back' as const, 'back' as const) })],
  [
    3,
    fc.record({
      do: is('order' as const),
      s,
      goal: of('wake' as const, 'sleep' as const),
      force: fc.boolean(),
    }),
  ],
  [1, fc.record({ do: is('verify' as const), s })],
  [1, fc.record({ do: is('peek' as const), s })],
  [1, fc.record({ do: is('pin' as const), s, ms: of(null, 1_000, 7_000) })],
  [1, fc.record({ do: is('unpin' as const), s })],
  [1, fc.record({ do: is('jump' as const), ms: of(60_000, -60_000, 180_000, -180_000, 86_400_000) })],
  [2, fc.record({ do: is('reload' as const), change })],
]

export const anything: fc.Arbitrary<Action> = fc.oneof(
  ...WEIGHTED.map(([weight, arbitrary]) => ({ weight, arbitrary })),
)

/** Everything but the schedule. */
export const setting = {
  policies: fc.array(fc.nat(6), { maxLength: 4, size: 'max' }),
  turned: fc.nat(7),
  up: of(0, 0, 0, 1, 3, 31, 255),
  prompt: of(true, true, false),
  ending: of('sleep' as const, 'sleep' as const, 'sleep' as const, 'shutdown' as const),
}

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  cast: of(...CAST_NAMES),
  ...setting,
  schedule: fc.array(anything, { minLength: 3, maxLength: 45, size: 'max' }),
})
