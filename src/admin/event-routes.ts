/** GET /api/v1/events: everything that happens, live, as Server-Sent Events. */
import type { FastifyInstance } from 'fastify'
import type { XStatic } from 'typebox/schema'
import type { Control } from '../domain/gate.ts'
import { callerOf } from './access.ts'
import { EVENT_TYPES } from './event-view.ts'
import { streamEvents, type EventStreamParts } from './event-stream.ts'
import type { OpenStreams } from './open-streams.ts'
import { AdminError, knownService } from './problems.ts'
import { SSE_HEADERS } from './sse.ts'

const YesOrNo = { enum: ['true', 'false'] } as const

const Query = {
  type: 'object',
  properties: {
    after: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      description:
        'Id of the last event that is known: what came after it is told first. Last-Event-ID wins.',
    },
    replay: {
      ...YesOrNo,
      description: 'true: everything that is still in memory is told first. An id, however given, wins.',
    },
    service: { type: 'string', minLength: 1, description: 'Only what concerns this service.' },
    types: {
      type: 'string',
      minLength: 1,
      maxLength: 500,
      description: 'Only events of these types, with commas in between: woke,slept',
    },
    services: {
      ...YesOrNo,
      description:
        'true: events "service" as well: each service at first, then each whose view has changed, once a second at most; and "service_gone".',
    },
  },
  additionalProperties: false,
} as const

export function eventRoutes(
  app: FastifyInstance,
  control: Pick<Control, 'get'>,
  parts: EventStreamParts,
  streams: OpenStreams,
): void {
  app.get<{ Querystring: XStatic<typeof Query> }>(
    '/api/v1/events',
    { config: { scope: 'read' }, schema: { querystring: Query } },
    (request, reply) => {
      const { after, replay, service, types, services } = request.query
      // A typing error would be a stream in which nothing ever happens.
      if (service !== undefined) knownService(control.get(service), service)
      const wanted = types === undefined ? null : readTypes(types)
      if (request.method === 'HEAD') return reply.headers(SSE_HEADERS).send()
      // Before the head is sent: after it there is no saying no.
      const leave = streams.open(callerOf(request.raw), 'read', () => end())
      const end = streamEvents(reply, parts, {
        // A browser that connects again says both: the address it was given, and where it was.
        after:
          lastEventId(request.headers['last-event-id']) ?? after ?? (replay === 'true' ? null : undefined),
        service: service ?? null,
        types: wanted,
        services: services === 'true',
        ended: leave,
      })
      return reply
    },
  )
}

/** Node gives a header that came twice as one, joined: no id of ours, and so a gap. Empty is what has not seen any event. */
function lastEventId(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined
}

function readTypes(text: string): ReadonlySet<string> {
  const types = text.split(',')
  const unknown = types.find((type) => !EVENT_TYPES.includes(type))
  if (unknown === undefined) return new Set(types)
  throw new AdminError(
    'WAKEDOCK_INVALID_INPUT',
    `"${unknown}" is no type of event. "types" takes some of these, with commas in between: ${EVENT_TYPES.join(', ')}.`,
  )
}
