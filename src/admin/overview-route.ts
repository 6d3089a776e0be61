/** GET /api/v1/system/overview: WakeDock as a whole, at a glance. */
import type { FastifyInstance } from 'fastify'
import type { XStatic } from 'typebox/schema'
import type { ServiceSnapshot } from '../domain/gate.ts'
import { callerOf, type Access } from './access.ts'
import { ConfigStatus, viewConfigStatus } from './config-view.ts'
import { Bytes, Count, Milliseconds, NoQuery, Text, Time } from './schemas.ts'
import type { AdminOptions } from './server.ts'

export const OverviewView = {
  type: 'object',
  required: [
    'version',
    'started_at',
    'uptime_ms',
    'scope',
    'providers',
    'services',
    'in_flight',
    'held',
    'asleep_ms',
    'awake_ms',
    'memory',
    'saved',
    'config',
  ],
  properties: {
    version: Text,
    started_at: Time,
    uptime_ms: Milliseconds,
    scope: {
      enum: ['read', 'operate'],
      description: 'What the caller may; operate where no tokens are configured.',
    },
    providers: {
      type: 'array',
      description: 'Those that services need.',
      items: {
        type: 'object',
        required: ['name', 'up', 'problem'],
        properties: {
          name: Text,
          up: { type: 'boolean' },
          problem: { anyOf: [Text, { type: 'null' }], description: 'Why it is not up; null: it is.' },
        },
      },
    },
    services: {
      type: 'object',
      description: 'How many there are, and in which states.',
      required: ['total', 'asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'],
      properties: {
        total: Count,
        asleep: Count,
        waking: Count,
        awake: Count,
        draining: Count,
        stopping: Count,
        failed: Count,
      },
    },
    in_flight: Count,
    held: Count,
    asleep_ms: { ...Milliseconds, description: 'Of all services together, since WakeDock started.' },
    awake_ms: { ...Milliseconds, description: 'Of all services together, since WakeDock started.' },
    memory: {
      type: 'object',
      description: "The daemon's own.",
      required: ['rss_bytes', 'heap_used_bytes'],
      properties: { rss_bytes: Bytes, heap_used_bytes: Bytes },
    },
    saved: {
      type: 'object',
      description: 'Memory that services do not use because they are asleep, as far as it is known.',
      required: ['bytes_now', 'byte_ms'],
      properties: {
        bytes_now: Bytes,
        byte_ms: {
          type: 'number',
          minimum: 0,
          description: 'Bytes times milliseconds since WakeDock started: divide by the time for an average.',
        },
      },
    },
    config: ConfigStatus,
  },
} as const
export type OverviewView = XStatic<typeof OverviewView>

type Parts = Pick<AdminOptions, 'clock' | 'config' | 'control' | 'footprint' | 'health' | 'version'>

/** `startedAt`: milliseconds since the epoch; the uptime is counted from the call on, on a clock that never jumps. */
export function overviewRoute(app: FastifyInstance, parts: Parts, access: Access): void {
  const { clock, config, control, footprint, health, version } = parts
  const startedAt = new Date(clock.wallTime()).toISOString()
  const since = clock.now()

  app.get(
    '/api/v1/system/overview',
    { config: { scope: 'read' }, schema: { querystring: NoQuery, response: { 200: OverviewView } } },
    (request): OverviewView => {
      const services = control.list()
      const { rss, heapUsed } = process.memoryUsage()
      const { bytesNow, byteMs } = footprint.saved()
      const sum = (of: (service: ServiceSnapshot) => number): number =>
        Math.round(services.reduce((total, service) => total + of(service), 0))
      return {
        version,
        started_at: startedAt,
        uptime_ms: Math.round(clock.now() - since),
        scope: access.allows(callerOf(request.raw), 'operate') ? 'operate' : 'read',
        providers: health.providers().map(({ name, problem }) => ({ name, up: problem === null, problem })),
        services: countStates(services),
        in_flight: sum(({ inFlight }) => inFlight),
        held: sum(({ held }) => held),
        asleep_ms: sum(({ totals }) => totals.asleepMs),
        awake_ms: sum(({ totals }) => totals.awakeMs),
        memory: { rss_bytes: rss, heap_used_bytes: heapUsed },
        saved: { bytes_now: Math.round(bytesNow), byte_ms: Math.round(byteMs) },
        config: viewConfigStatus(config.state()),
      }
    },
  )
}

function countStates(services: readonly ServiceSnapshot[]): OverviewView['services'] {
  const counts = {
    total: services.length,
    asleep: 0,
    waking: 0,
    awake: 0,
    draining: 0,
    stopping: 0,
    failed: 0,
  }
  for (const { state } of services) counts[state]++
  return counts
}
