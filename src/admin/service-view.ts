/**
 * A service as the API shows it: the schema (which fastify also serialises by, so that nothing else can slip out), its
 * type, and the way there from the core's snapshot. Names are a contract: scripts and dashboards hold them.
 */
import type { XStatic } from 'typebox/schema'
import type { PartSnapshot, ServiceSnapshot } from '../domain/gate.ts'
import type { Service, Target } from '../domain/service.ts'
import {
  Bytes,
  Count,
  LastWake,
  Milliseconds,
  Names,
  Null,
  State,
  Text,
  Time,
  TimeOrNull,
} from './schemas.ts'

const Health = {
  enum: ['starting', 'healthy', 'unhealthy', null],
  description: 'What its own HEALTHCHECK says; null: it has none.',
} as const

const Route = {
  type: 'object',
  required: ['host', 'path', 'strip_prefix'],
  properties: { host: Text, path: Text, strip_prefix: { type: 'boolean' } },
} as const

const Waking = {
  type: 'object',
  required: ['since', 'phase'],
  properties: { since: Time, phase: { enum: ['needs', 'start', 'ready'] } },
} as const

const LastSleep = {
  type: 'object',
  required: ['at', 'reason', 'took_ms'],
  properties: { at: Time, reason: { enum: ['idle', 'operator', 'unneeded'] }, took_ms: Milliseconds },
} as const

const Failure = {
  type: 'object',
  required: ['reason', 'message', 'hint', 'at', 'retry_at'],
  properties: {
    reason: Text,
    message: Text,
    hint: Text,
    at: Time,
    retry_at: { ...TimeOrNull, description: 'When a request may try again; null: at once.' },
  },
} as const

/** One container of a stack. */
const Part = {
  type: 'object',
  required: ['name', 'target', 'state', 'since', 'health', 'failure'],
  properties: {
    name: { ...Text, description: '"blog/db".' },
    target: Text,
    state: State,
    since: Time,
    health: Health,
    failure: { anyOf: [Failure, Null] },
  },
} as const

const Totals = {
  type: 'object',
  description: 'Since WakeDock started.',
  required: ['wakes', 'failed_wakes', 'sleeps', 'holds', 'awake_ms', 'asleep_ms'],
  properties: {
    wakes: Count,
    failed_wakes: Count,
    sleeps: Count,
    holds: Count,
    awake_ms: Milliseconds,
    asleep_ms: Milliseconds,
  },
} as const

export const ServiceView = {
  type: 'object',
  required: [
    'name',
    'state',
    'since',
    'hosts',
    'routes',
    'target',
    'tls',
    'in_flight',
    'held',
    'last_active',
    'sleeps_at',
    'idle_timeout_ms',
    'kept',
    'pinned',
    'pinned_until',
    'health',
    'memory_bytes',
    'waking',
    'waiting_for',
    'needed_by',
    'parts',
    'last_wake',
    'last_sleep',
    'failure',
    'totals',
  ],
  properties: {
    name: Text,
    state: State,
    since: { ...Time, description: 'When it entered this state.' },
    hosts: Names,
    routes: { type: 'array', items: Route },
    target: {
      ...Text,
      description:
        'What it is and its name: "container ghost", "containers db, cache, app", "compose nextcloud/app".',
    },
    tls: {
      enum: ['verified', 'unverified', null],
      description: 'Whether the certificate of an https target is checked; null: it is spoken to by http.',
    },
    in_flight: { ...Count, description: 'Requests and open streams now.' },
    held: { ...Count, description: 'Requests that wait for it now.' },
    last_active: {
      ...TimeOrNull,
      description: 'End of the last request; now while one is under way; null: none since WakeDock started.',
    },
    sleeps_at: { ...TimeOrNull, description: 'When it is put to sleep if nothing comes; null: not due.' },
    idle_timeout_ms: { ...Milliseconds, description: '0: never sleeps by itself.' },
    kept: {
      enum: ['dependent', 'pin', 'schedule', null],
      description: 'Why it is to be awake although nobody uses it; null: nothing wants that.',
    },
    pinned: { type: 'boolean' },
    pinned_until: { ...TimeOrNull, description: 'null: not pinned, or until it is unpinned.' },
    health: Health,
    memory_bytes: {
      anyOf: [Bytes, Null],
      description: 'What it used when last looked at while awake, its parts together; null: not known.',
    },
    waking: {
      anyOf: [Waking, Null],
      description:
        "The wake under way. phase: what it waits for (other services, the provider's start, the ready check).",
    },
    waiting_for: { ...Names, description: 'What its wake waits for now: services, and parts of a stack.' },
    needed_by: { ...Names, description: 'The services that keep it awake now.' },
    parts: {
      type: 'array',
      items: Part,
      description: 'The containers of a stack, in the order of its config; empty for everything else.',
    },
    last_wake: { anyOf: [LastWake, Null] },
    last_sleep: { anyOf: [LastSleep, Null] },
    failure: { anyOf: [Failure, Null], description: 'Why the last wake or stop failed, while that matters.' },
    totals: Totals,
  },
} as const
export type ServiceView = XStatic<typeof ServiceView>
export type PartView = ServiceView['parts'][number]

/** An object, so that the list can be given company without breaking who reads it. */
export const ServiceList = {
  type: 'object',
  required: ['services'],
  properties: { services: { type: 'array', items: ServiceView } },
} as const
export type ServiceList = XStatic<typeof ServiceList>

/** `memoryBytes`: what it used when last looked at; null, the default: not known. */
export function viewService(snapshot: ServiceSnapshot, memoryBytes: number | null = null): ServiceView {
  const { service, lastWake, lastSleep, totals } = snapshot
  return {
    name: snapshot.name,
    state: snapshot.state,
    since: iso(snapshot.since),
    hosts: [...new Set(service.routes.map((route) => route.host))],
    routes: service.routes.map(({ host, path, stripPrefix }) => ({ host, path, strip_prefix: stripPrefix })),
    target: nameTarget(service.target),
    tls: checkOf([service.target, ...snapshot.parts.map(({ target }) => target)]),
    in_flight: snapshot.inFlight,
    held: snapshot.held,
    last_active: isoOrNull(snapshot.lastActive),
    sleeps_at: isoOrNull(snapshot.sleepsAt),
    idle_timeout_ms: service.idleTimeout,
    kept: snapshot.kept,
    pinned: snapshot.pinned !== null,
    pinned_until: isoOrNull(snapshot.pinned?.until ?? null),
    health: snapshot.health,
    memory_bytes: memoryBytes === null ? null : Math.round(memoryBytes),
    waking: snapshot.waking && { since: iso(snapshot.waking.since), phase: snapshot.waking.phase },
    waiting_for: [...snapshot.waitingFor],
    needed_by: [...snapshot.neededBy],
    parts: inOrder(snapshot.parts, service).map(viewPart),
    last_wake: lastWake && {
      at: iso(lastWake.at),
      trigger: lastWake.trigger,
      outcome: lastWake.outcome,
      start_ms: Math.round(lastWake.startMs),
      ready_ms: Math.round(lastWake.readyMs),
      total_ms: Math.round(lastWake.totalMs),
    },
    last_sleep: lastSleep && {
      at: iso(lastSleep.at),
      reason: lastSleep.reason,
      took_ms: Math.round(lastSleep.tookMs),
    },
    failure: viewFailure(snapshot.failure),
    totals: {
      wakes: totals.wakes,
      failed_wakes: totals.failedWakes,
      sleeps: totals.sleeps,
      holds: totals.holds,
      awake_ms: Math.round(totals.awakeMs),
      asleep_ms: Math.round(totals.asleepMs),
    },
  }
}

function viewPart({ name, target, state, since, health, failure }: PartSnapshot): PartView {
  return { name, target: nameTarget(target), state, since: iso(since), health, failure: viewFailure(failure) }
}

function viewFailure(failure: ServiceSnapshot['failure']): ServiceView['failure'] {
  return (
    failure && {
      reason: failure.reason,
      message: failure.message,
      hint: failure.hint,
      at: iso(failure.at),
      retry_at: isoOrNull(failure.retryAt),
    }
  )
}

/** As the service names them, and those it does not name by their own names: a script may compare two answers. */
function inOrder(parts: readonly PartSnapshot[], { needs }: Service): PartSnapshot[] {
  const place = ({ target }: PartSnapshot): number => {
    const index = needs.findIndex(({ key }) => key === target.key)
    return index === -1 ? needs.length : index
  }
  return parts.toSorted((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1))
}

/** Of a stack, the part that gets the requests says it. */
function checkOf(targets: readonly Target[]): ServiceView['tls'] {
  const target = targets.find((one) => one.kind !== 'group' && one.scheme === 'https')
  if (target === undefined || target.kind === 'group') return null
  return target.tls?.insecure === true ? 'unverified' : 'verified'
}

/** Never a process's command or environment: they hold secrets. */
function nameTarget(target: Target): string {
  if (target.kind === 'group') {
    return `${target.key.startsWith('compose:') ? 'compose' : 'containers'} ${target.name}`
  }
  if (target.kind !== 'url') return `${target.kind} ${target.name}`
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  return `url ${target.scheme}://${host}:${target.port}`
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : iso(time)
}
