/**
 * Who plays in the simulation: a few small worlds of services that need each other, each with switches that a reload may turn.
 * Small, so that what happens to one soon concerns another.
 */
import { service } from '../helpers/service.ts'
import type { Need, ReadyCheck, Schedule, Service, Target } from '../../src/domain/service.ts'

const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6]

/** The fake clock begins on a Friday at 8:00 UTC. */
export const SCHEDULE: Schedule = {
  timeZone: 'UTC',
  windows: [
    { days: EVERY_DAY, from: 8 * 60 + 1, to: 8 * 60 + 2 },
    { days: [5], from: 8 * 60 + 3, to: 9 * 60 },
  ],
}

/** Chosen by index for each service. The first is the plainest, which is where a counterexample shrinks to. */
export const POLICIES: readonly Partial<Service>[] = [
  { idleTimeout: 5_000, minAwake: 0 },
  { idleTimeout: 2_000, minAwake: 6_000 },
  { idleTimeout: 2_000, minAwake: 0, sleepMode: 'pause' },
  { idleTimeout: 5_000, minAwake: 0, busy: { cpu: 0.5, network: null } },
  { idleTimeout: 2_000, minAwake: 0, schedule: SCHEDULE },
  { idleTimeout: 0, minAwake: 0 },
  { idleTimeout: 6_000, minAwake: 3_000, busy: { cpu: null, network: 1_000 }, schedule: SCHEDULE },
]

/** The same in every policy, so that the checks can say what is late whatever a reload has changed. */
export const START_TIMEOUT = 8_000
export const DRAIN_TIMEOUT = 3_000
export const MAX_HELD = 4

/** What a reload may change. */
export interface Layout {
  readonly cast: CastName
  /** An index into POLICIES for each service of the cast. */
  readonly policies: readonly number[]
  /** Names of the services that the config leaves out, and of those that it calls otherwise. */
  readonly removed: readonly string[]
  readonly renamed: readonly string[]
  /** The cast's own switches: another edge, another part, another kind of target. */
  readonly edge: boolean
  readonly part: boolean
  readonly target: boolean
}

const RUNNING: ReadyCheck = { kind: 'running', health: true }
const HEALTH: ReadyCheck = { kind: 'health' }

export const key = (container: string): string => `container:${container}`

function container(name: string, addressed = true): Target {
  return { kind: 'container', key: key(name), name, port: null, scheme: 'http', addressed }
}

function process(name: string, definition: number): Target {
  const command = ['x'] as const
  return {
    kind: 'process',
    key: `process:${name}:${definition}`,
    name,
    command,
    cwd: '/',
    env: {},
    port: 3000,
    scheme: 'http',
  }
}

type Make = (name: string, changes?: Partial<Service>) => Service
type Build = (make: Make, layout: Layout) => Service[]

function need(until: Need['until'], ...keys: string[]): Need[] {
  return keys.map((each) => ({ key: each, until }))
}

/** A stack as config/stack.ts makes it: the owner, then its parts; the main one is the last. */
function stack(owner: Service, group: string, parts: readonly [string, Partial<Service>][]): Service[] {
  const main = parts.at(-1)?.[0] ?? ''
  const { idleTimeout, sleepMode, startTimeout, drainTimeout, maxHeld } = owner
  return [
    {
      ...owner,
      target: { kind: 'group', key: group, name: group, main: key(main) },
      needs: parts.map(([part]) => ({ key: key(part), until: part === main ? 'running' : 'along' })),
    },
    ...parts.map(([part, changes]) =>
      service(`${owner.name}/${part}`, {
        target: container(part, part === main),
        routes: [],
        part: true,
        ready: RUNNING,
        idleTimeout,
        sleepMode,
        minAwake: 0,
        startTimeout,
        holdTimeout: startTimeout,
        drainTimeout,
        maxHeld,
        ...changes,
      }),
    ),
  ]
}

/** One container, and one process of which there may be two definitions. */
const alone: Build = (make, { target }) => [make('a'), make('p', { target: process('p', target ? 2 : 1) })]

/** Two services that need a third one, which nobody asks for itself. */
const shared: Build = (make, { edge, part }) => [
  make('blog', { needs: need('ready', key('db')) }),
  make('shop', { needs: edge ? [] : need(part ? 'ready' : 'running', key('db')) }),
  make('db', { target: container('db', false), routes: [], ready: RUNNING }),
]

const chain: Build = (make, { edge, part }) => [
  make('web', { needs: need('ready', key('api'), ...(edge ? [key('store')] : [])) }),
  make('api', { needs: part ? [] : need('ready', key('store')) }),
  make('store'),
]

/** `containers: [db, cache, app]`, which may become `container: app`; `db` may be a service of its own besides. */
const stacked: Build = (make, { edge, part, target }) => {
  const watcher = make('watch', { needs: need('ready', target ? key('app') : 'stack:cloud') })
  if (target) return [make('cloud', { target: container('app') }), watcher]
  const own = make('db', { target: container('db', false), ready: RUNNING })
  const all = stack(make('cloud'), 'stack:cloud', [
    ['db', {}],
    ...(part ? [] : [['cache', { needs: need('ready', key('db')) }] as [string, Partial<Service>]]),
    ['app', { needs: need('ready', key(part ? 'db' : 'cache')) }],
  ])
  return [...(edge ? [own, ...all.filter(({ target }) => target.key !== key('db'))] : all), watcher]
}

/** Two stacks of one Compose project, with a job, a sidecar and a database that both need. */
const composed: Build = (make, { edge, part, removed }) => {
  type Part = [string, Partial<Service>]
  const data: Part = ['data', { ready: HEALTH }]
  const job: Part = ['job', { ready: { kind: 'completed' }, needs: need('ready', key('data')) }]
  const wiki = stack(make('wiki'), 'compose:p/page', [
    data,
    job,
    ...(part ? [] : [['side', { needs: need('running', key('page')) }] as Part]),
    ['page', { needs: [...need('completed', key('job')), ...need('ready', key('data'))] }],
  ])
  const forum = stack(make('forum'), 'compose:p/board', [
    data,
    ...(edge ? [] : [job]),
    ['board', { needs: need('ready', key('data')) }],
  ])
  // What both need is made once, for the first of them.
  const shared = removed.includes('wiki') ? [] : wiki.map(({ target }) => target.key)
  return [...wiki, ...forum.filter(({ target }) => !shared.includes(target.key))]
}

const CASTS = { alone, shared, chain, stacked, composed } as const satisfies Record<string, Build>
export type CastName = keyof typeof CASTS
export const CAST_NAMES = Object.keys(CASTS) as CastName[]

/** Keys of the containers that have a HEALTHCHECK. */
export const CHECKED: readonly string[] = [key('data'), key('db')]
export const JOBS: readonly string[] = [key('job')]

/** The services of a config, as settings would have them: nothing needs what is not there. */
export function servicesOf(layout: Layout): Service[] {
  let made = 0
  const make: Make = (name, changes) =>
    service(layout.renamed.includes(name) ? `${name}2` : name, {
      target: container(name),
      ...POLICIES[(layout.policies[made++] ?? 0) % POLICIES.length],
      startTimeout: START_TIMEOUT,
      holdTimeout: 20_000,
      drainTimeout: DRAIN_TIMEOUT,
      maxHeld: MAX_HELD,
      ...changes,
    })
  const all = CASTS[layout.cast](make, layout)
  const gone = new Set(layout.removed)
  const owner = ({ name }: Service): string => (name.split('/')[0] ?? '').replace(/2$/, '')
  const rest = all.filter((each) => !gone.has(owner(each)))
  const keys = new Set(rest.map(({ target }) => target.key))
  return rest.map((each) => Object.assign(each, { needs: each.needs.filter((other) => keys.has(other.key)) }))
}

/** Those that a reload can leave out or call otherwise: what a config file names. */
export function namesOf(cast: CastName): string[] {
  const all = servicesOf({
    cast,
    policies: [],
    removed: [],
    renamed: [],
    edge: false,
    part: false,
    target: false,
  })
  return all.filter(({ part }) => !part).map(({ name }) => name)
}
