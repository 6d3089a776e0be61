/**
 * A service as the API shows it: the schema (which fastify also serialises by, so that nothing else can slip out), its
 * type, and the way there from the core's snapshot. Names are a contract: scripts and dashboards hold them.
 *
 * The schema is written as the JSON it is, and its type is read off by typebox at compile time only: loading typebox's
 * builders for twenty schemas costs every daemon 5 MiB of RSS (measured on Node 24.21).
 */
import type { XStatic } from 'typebox/schema'
import type { ServiceSnapshot } from '../domain/gate.ts'
import type { Target } from '../domain/service.ts'

/** A point in time: ISO 8601 in UTC, with milliseconds. */
const Time = { type: 'string', format: 'date-time' } as const
const Milliseconds = { type: 'integer', minimum: 0 } as const
const Count = { type: 'integer', minimum: 0 } as const
const Text = { type: 'string' } as const
const Null = { type: 'null' } as const
const TimeOrNull = { anyOf: [Time, Null] } as const

const Route = {
  type: 'object',
  required: ['host', 'path', 'strip_prefix'],
  properties: { host: Text, path: Text, strip_prefix: { type: 'boolean' } },
} as const

const LastWake = {
  type: 'object',
  required: ['at', 'trigger', 'outcome', 'start_ms', 'ready_ms', 'total_ms'],
  properties: {
    at: Time,
    trigger: { enum: ['request', 'operator', 'external'] },
    outcome: { enum: ['ready', 'failed', 'timeout'] },
    start_ms: Milliseconds,
    ready_ms: Milliseconds,
    total_ms: Milliseconds,
  },
} as const

const LastSleep = {
  type: 'object',
  required: ['at', 'reason', 'took_ms'],
  properties: { at: Time, reason: { enum: ['idle', 'operator'] }, took_ms: Milliseconds },
} as const

const Failure = {
  type: 'object',
  required: ['reason', 'message', 'hint', 'at', 'retry_at'],
  properties: {
    reason: Text,
    message: Text,
    hint: Text,
    at: Time,
    /** When a request may try again; null: at once. */
    retry_at: TimeOrNull,
  },
} as const

/** Since WakeDock started. */
const Totals = {
  type: 'object',
  required: ['wakes', 'failed_wakes', 'sleeps', 'holds', 'awake_ms'],
  properties: { wakes: Count, failed_wakes: Count, sleeps: Count, holds: Count, awake_ms: Milliseconds },
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
    'in_flight',
    'held',
    'last_active',
    'sleeps_at',
    'idle_timeout_ms',
    'last_wake',
    'last_sleep',
    'failure',
    'totals',
  ],
  properties: {
    name: Text,
    state: { enum: ['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'] },
    since: Time,
    hosts: { type: 'array', items: Text },
    routes: { type: 'array', items: Route },
    /** What it is and its name: "container ghost". */
    target: Text,
    in_flight: Count,
    held: Count,
    last_active: TimeOrNull,
    sleeps_at: TimeOrNull,
    /** 0: never sleeps by itself. */
    idle_timeout_ms: Milliseconds,
    last_wake: { anyOf: [LastWake, Null] },
    last_sleep: { anyOf: [LastSleep, Null] },
    failure: { anyOf: [Failure, Null] },
    totals: Totals,
  },
} as const
export type ServiceView = XStatic<typeof ServiceView>

/** An object, so that the list can be given company without breaking who reads it. */
export const ServiceList = {
  type: 'object',
  required: ['services'],
  properties: { services: { type: 'array', items: ServiceView } },
} as const
export type ServiceList = XStatic<typeof ServiceList>

export function viewService(snapshot: ServiceSnapshot): ServiceView {
  const { service, lastWake, lastSleep, failure, totals } = snapshot
  return {
    name: snapshot.name,
    state: snapshot.state,
    since: iso(snapshot.since),
    hosts: [...new Set(service.routes.map((route) => route.host))],
    routes: service.routes.map(({ host, path, stripPrefix }) => ({ host, path, strip_prefix: stripPrefix })),
    target: nameTarget(service.target),
    in_flight: snapshot.inFlight,
    held: snapshot.held,
    last_active: isoOrNull(snapshot.lastActive),
    sleeps_at: isoOrNull(snapshot.sleepsAt),
    idle_timeout_ms: service.idleTimeout,
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
    failure: failure && {
      reason: failure.reason,
      message: failure.message,
      hint: failure.hint,
      at: iso(failure.at),
      retry_at: isoOrNull(failure.retryAt),
    },
    totals: {
      wakes: totals.wakes,
      failed_wakes: totals.failedWakes,
      sleeps: totals.sleeps,
      holds: totals.holds,
      awake_ms: Math.round(totals.awakeMs),
    },
  }
}

/** Never a process's command or environment: they hold secrets. */
function nameTarget(target: Target): string {
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
