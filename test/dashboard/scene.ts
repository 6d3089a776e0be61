/**
 * A homelab for the dashboard to show: a service in every state, with a past, behind the real admin server around a fake core. Times
 * are made from now, so that what counts down does so.
 */
import type { Test } from 'tap'
import type { ServiceSnapshot } from '../../src/domain/gate.ts'
import type { History, PastWake, StateChange } from '../../src/domain/history.ts'
import type { LogLine, StateName } from '../../src/domain/ports.ts'
import { clock as realClock } from '../../src/clock.ts'
import { createFeed } from '../../src/domain/feed.ts'
import { startAdmin } from '../helpers/admin.ts'
import { FakeControl, snapshot } from '../helpers/fake-control.ts'
import { service } from '../helpers/service.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const MIB = 1024 * 1024

/** The states a service has been in, as minutes before now. */
type PastStates = readonly (readonly [minutes: number, state: StateName])[]

function past(now: number, states: PastStates): StateChange[] {
  return states.map(([minutes, state]) => ({ at: now - minutes * MINUTE, state }))
}

/** Wakes and sleeps all day, each wake a little different: no dice, so that every picture is the same. */
export function busyPast(
  now: number,
  seed: number,
  last: StateName,
): { states: StateChange[]; wakes: PastWake[] } {
  const states: StateChange[] = [{ at: now - 23 * HOUR, state: 'asleep' }]
  const wakes: PastWake[] = []
  let at = now - 23 * HOUR
  for (let index = 0; ; index++) {
    at += ((seed * 37 + index * 53) % 70) * MINUTE + 12 * MINUTE
    const awake = (((seed * 17 + index * 29) % 45) + 6) * MINUTE
    if (at + awake > now - 20 * MINUTE) break
    const [startMs, readyMs] = [
      300 + ((seed * 91 + index * 173) % 400),
      500 + ((seed * 57 + index * 311) % 1_900),
    ]
    const failed = index % 11 === 7
    states.push(
      { at, state: 'waking' },
      { at: at + startMs + readyMs, state: failed ? 'failed' : 'awake' },
      { at: at + awake, state: 'asleep' },
    )
    wakes.push({
      at: at + startMs + readyMs,
      trigger: index % 4 === 0 ? 'schedule' : 'request',
      outcome: failed ? 'failed' : 'ready',
      startMs,
      readyMs,
    })
    at += awake
  }
  if (last !== 'asleep') states.push({ at: now - 9 * MINUTE, state: last })
  return { states, wakes }
}

/** Nine services, one and more of each state. */
export function homelab(now: number): ServiceSnapshot[] {
  const totals = {
    wakes: 14,
    failedWakes: 1,
    sleeps: 13,
    holds: 31,
    awakeMs: 5.2 * HOUR,
    asleepMs: 18 * HOUR,
  }
  const wake = { trigger: 'request', outcome: 'ready', startMs: 412, readyMs: 1_130, totalMs: 1_542 } as const
  const lastWake = (minutes: number) => ({ ...wake, at: now - minutes * MINUTE })
  const lastSleep = (minutes: number) =>
    ({ at: now - minutes * MINUTE, reason: 'idle', tookMs: 810 }) as const
  const stack = (name: string, part: string, state: StateName) => ({
    name: `${name}/${part}`,
    target: {
      ...service(name).target,
      kind: 'container',
      key: `container:${name}-${part}`,
      name: `${name}-${part}-1`,
      port: null,
      scheme: 'http',
      addressed: part === 'app',
    } as const,
    state,
    since: now - 9 * MINUTE,
    health: part === 'db' ? ('healthy' as const) : null,
    failure: null,
  })
  return [
    snapshot('blog', {
      state: 'awake',
      since: now - 9 * MINUTE,
      inFlight: 2,
      lastActive: now,
      lastWake: lastWake(9),
      lastSleep: lastSleep(71),
      totals,
    }),
    snapshot('nextcloud', {
      state: 'awake',
      since: now - 9 * MINUTE,
      lastActive: now - 3 * MINUTE,
      sleepsAt: now + 12 * MINUTE,
      lastWake: lastWake(9),
      lastSleep: lastSleep(140),
      totals,
      service: service('nextcloud', {
        target: {
          kind: 'group',
          key: 'compose:nextcloud',
          name: 'nextcloud/app',
          main: `container:nextcloud-app`,
        },
        routes: ['cloud.example.com', 'files.example.com'].map((host) => ({
          host,
          path: '/',
          stripPrefix: false,
        })),
      }),
      parts: [
        stack('nextcloud', 'db', 'awake'),
        stack('nextcloud', 'redis', 'awake'),
        stack('nextcloud', 'app', 'awake'),
      ],
      health: 'healthy',
    }),
    snapshot('auth', {
      state: 'awake',
      since: now - 40 * MINUTE,
      lastActive: now - 9 * MINUTE,
      kept: 'dependent',
      neededBy: ['blog', 'nextcloud'],
      lastWake: lastWake(40),
      totals,
    }),
    snapshot('media', {
      state: 'waking',
      since: now - 1_400,
      held: 3,
      lastActive: now,
      waking: { since: now - 1_400, phase: 'needs' },
      waitingFor: ['transcoder'],
      lastWake: lastWake(260),
      totals,
    }),
    snapshot('photos', {
      state: 'failed',
      since: now - 2 * MINUTE,
      lastActive: now - 2 * MINUTE,
      lastWake: { ...lastWake(2), outcome: 'failed', totalMs: 640 },
      totals,
      failure: {
        reason: 'exited',
        message: 'The container ended with exit code 1 while it was starting',
        hint: 'See its log; then wake it again.',
        at: now - 2 * MINUTE,
        retryAt: now + 28_000,
      },
    }),
    snapshot('wiki', {
      state: 'awake',
      since: now - 3 * HOUR,
      lastActive: now - 2 * HOUR,
      kept: 'pin',
      pinned: { until: now + 5 * HOUR },
      lastWake: lastWake(180),
      totals,
    }),
    snapshot('git', {
      state: 'draining',
      since: now - 4_000,
      inFlight: 1,
      lastActive: now,
      lastWake: lastWake(90),
      totals,
    }),
    snapshot('recipes', {
      since: now - 5 * HOUR,
      lastActive: now - 5.4 * HOUR,
      lastWake: lastWake(330),
      lastSleep: lastSleep(300),
      totals,
    }),
    snapshot('transcoder', {
      since: now - 21 * HOUR,
      totals: { ...totals, wakes: 0, failedWakes: 0, holds: 0, awakeMs: 0 },
    }),
  ]
}

/** So many services, all asleep but a few. */
export function crowd(now: number, size: number): ServiceSnapshot[] {
  return Array.from({ length: size }, (_, index) => {
    const state = index % 7 === 3 ? 'awake' : index % 61 === 5 ? 'failed' : 'asleep'
    const used = now - ((index * 7919) % 5_000) * MINUTE
    return snapshot(`app${index + 1}`, {
      state,
      since: used,
      inFlight: state === 'awake' ? index % 5 : 0,
      lastActive: used,
      lastWake: null,
    })
  })
}

/** Of every service of the control, made once. */
export function pastsOf(control: FakeControl, now: number): Pick<History, 'of' | 'estimate'> {
  const made = new Map(
    control.snapshots.map(({ name, state }, index) => {
      const entry =
        name === 'transcoder'
          ? { states: past(now, [[21 * 60, 'asleep']]), wakes: [] }
          : busyPast(now, index + 1, state)
      return [name, { since: entry.states[0]?.at ?? now, ...entry }]
    }),
  )
  return {
    of: (name) => made.get(name),
    estimate: (name) => ((made.get(name)?.wakes.length ?? 0) > 0 ? 1_540 : null),
  }
}

const LOG = [
  'Server version v22.4.1, listening on port 3000',
  'GET / 200 14 ms',
  'GET /assets/app.css 200 2 ms',
  'Slow query (1204 ms): SELECT * FROM posts ORDER BY published_at DESC',
  'GET /feed.xml 200 41 ms',
  'Warning: the cache is full, 212 entries were dropped to make room',
  'POST /api/comments 201 32 ms',
]

/** Some forty lines, and then silence. */
export async function* someLog(now: number, signal: AbortSignal): AsyncGenerator<LogLine> {
  for (let index = 0; index < 42; index++) {
    const text = LOG[index % LOG.length] ?? ''
    yield {
      at: now - (42 - index) * 4_210,
      stream: /^(?:Slow|Warning)/.test(text) ? 'stderr' : 'stdout',
      text,
    }
  }
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

type AdminParts = Parameters<typeof startAdmin>[1]

/** The admin server with all that; what is given replaces its parts. */
export async function startScene(
  t: Pick<Test, 'teardown'>,
  snapshots: ServiceSnapshot[],
  parts: AdminParts = {},
) {
  const now = Date.now()
  const feed = createFeed({ clock: realClock })
  const control = new FakeControl(...snapshots)
  for (const { name } of snapshots.slice(0, 20)) {
    feed.add({ type: 'wake_started', service: name, trigger: 'request' })
    feed.add({ type: 'woke', service: name, trigger: 'request', startMs: 412, readyMs: 1_130 })
  }
  const admin = await startAdmin(t, {
    control,
    clock: realClock,
    feed,
    history: pastsOf(control, now),
    footprint: {
      of: (name) => (name.length * 37 + 20) * MIB,
      saved: () => ({ bytesNow: 3_420 * MIB, byteMs: 2_900 * MIB * 1_000 }),
    },
    health: {
      ready: () => ({ ok: true, problems: [] }),
      providers: () => [{ name: 'docker', problem: null }],
    },
    insight: { logs: (_target, { signal }) => someLog(now, signal) },
    ...parts,
  })
  return { ...admin, feed, control, page: `${admin.url}/` }
}
