/**
 * A service as the API shows it: the schema (which fastify also serialises by, so that nothing else can slip out), its
 * type, and the way there from the core's snapshot. Names are a contract: scripts and dashboards hold them.
 */
import { Type, type Static } from 'typebox'
import type { ServiceSnapshot } from '../domain/gate.ts'
import type { Target } from '../domain/service.ts'

/** A point in time: ISO 8601 in UTC, with milliseconds. */
const Time = Type.String({ format: 'date-time' })
const Milliseconds = Type.Integer({ minimum: 0 })
const Count = Type.Integer({ minimum: 0 })

export const ServiceView = Type.Object({
  name: Type.String(),
  state: Type.Enum(['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed']),
  since: Time,
  hosts: Type.Array(Type.String()),
  routes: Type.Array(Type.Object({ host: Type.String(), path: Type.String(), strip_prefix: Type.Boolean() })),
  /** What it is and its name: "container ghost". */
  target: Type.String(),
  in_flight: Count,
  held: Count,
  last_active: Type.Union([Time, Type.Null()]),
  sleeps_at: Type.Union([Time, Type.Null()]),
  /** 0: never sleeps by itself. */
  idle_timeout_ms: Milliseconds,
  last_wake: Type.Union([
    Type.Object({
      at: Time,
      trigger: Type.Enum(['request', 'operator', 'external']),
      outcome: Type.Enum(['ready', 'failed', 'timeout']),
      start_ms: Milliseconds,
      ready_ms: Milliseconds,
      total_ms: Milliseconds,
    }),
    Type.Null(),
  ]),
  last_sleep: Type.Union([
    Type.Object({ at: Time, reason: Type.Enum(['idle', 'operator']), took_ms: Milliseconds }),
    Type.Null(),
  ]),
  failure: Type.Union([
    Type.Object({
      reason: Type.String(),
      message: Type.String(),
      hint: Type.String(),
      at: Time,
      /** When a request may try again; null: at once. */
      retry_at: Type.Union([Time, Type.Null()]),
    }),
    Type.Null(),
  ]),
  /** Since WakeDock started. */
  totals: Type.Object({
    wakes: Count,
    failed_wakes: Count,
    sleeps: Count,
    holds: Count,
    awake_ms: Milliseconds,
  }),
})
export type ServiceView = Static<typeof ServiceView>

/** An object, so that the list can be given company without breaking who reads it. */
export const ServiceList = Type.Object({ services: Type.Array(ServiceView) })
export type ServiceList = Static<typeof ServiceList>

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
