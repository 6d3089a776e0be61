/** What services have been through: the two history routes, with what their answers look like. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { XStatic } from 'typebox/schema'
import type { Control, ServiceSnapshot } from '../domain/gate.ts'
import type { History } from '../domain/history.ts'
import { knownService } from './problems.ts'
import { LastWake, Milliseconds, NoQuery, Params, State, Time } from './schemas.ts'

export const HistoryView = {
  type: 'object',
  required: ['since', 'states', 'wakes', 'estimate_ms'],
  properties: {
    since: { ...Time, description: 'Nothing is known of the time before.' },
    states: {
      type: 'array',
      description:
        'The states it has entered, oldest first; the first is the one it was in at since. At most 200.',
      items: { type: 'object', required: ['at', 'state'], properties: { at: Time, state: State } },
    },
    wakes: {
      type: 'array',
      description: 'Oldest first, at most 50; at is the end of each.',
      items: LastWake,
    },
    estimate_ms: {
      anyOf: [Milliseconds, { type: 'null' }],
      description: 'How long a wake will probably take; null: none has been seen yet.',
    },
  },
} as const
export type HistoryView = XStatic<typeof HistoryView>

export const HistoryList = {
  type: 'object',
  required: ['services'],
  properties: { services: { type: 'object', additionalProperties: HistoryView } },
} as const

export function historyRoutes(
  app: FastifyInstance,
  control: Pick<Control, 'get' | 'list'>,
  history: Pick<History, 'of' | 'estimate'>,
): void {
  app.get<{ Params: XStatic<typeof Params> }>(
    '/api/v1/services/:name/history',
    {
      config: { scope: 'read' },
      schema: { params: Params, querystring: NoQuery, response: { 200: HistoryView } },
    },
    ({ params: { name } }) => viewHistory(knownService(control.get(name), name), history),
  )

  app.get(
    '/api/v1/history',
    { config: { scope: 'read' }, schema: { querystring: NoQuery } },
    (_request, reply) =>
      reply.type('application/json; charset=utf-8').send(Readable.from(written(control.list(), history))),
  )
}

/**
 * The text of a HistoryList, one service at a time: with hundreds of services it is megabytes, and requests through the proxy
 * wait for whatever is done in one piece.
 */
async function* written(
  services: readonly ServiceSnapshot[],
  history: Pick<History, 'of' | 'estimate'>,
): AsyncGenerator<string> {
  yield '{"services":{'
  for (const [index, snapshot] of services.entries()) {
    const view = viewHistory(snapshot, history)
    yield `${index === 0 ? '' : ','}${JSON.stringify(snapshot.name)}:${JSON.stringify(view)}`
    await new Promise(setImmediate)
  }
  yield '}}'
}

function viewHistory(
  { name, state, since }: ServiceSnapshot,
  history: Pick<History, 'of' | 'estimate'>,
): HistoryView {
  // One that has been removed while the list was written.
  const past = history.of(name) ?? { since, states: [{ at: since, state }], wakes: [] }
  const estimate = history.estimate(name)
  return {
    since: iso(past.since),
    states: past.states.map(({ at, state }) => ({ at: iso(at), state })),
    wakes: past.wakes.map(({ at, trigger, outcome, startMs, readyMs }) => ({
      at: iso(at),
      trigger,
      outcome,
      start_ms: Math.round(startMs),
      ready_ms: Math.round(readyMs),
      total_ms: Math.round(startMs + readyMs),
    })),
    estimate_ms: estimate === null ? null : Math.round(estimate),
  }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
