/**
 * /api/v1/services: what each service is doing, the two verbs, and pins. An order takes effect at once and goes on whatever
 * becomes of the request; `?wait=true` only waits for its end. Reading never counts as activity.
 */
import type { FastifyInstance } from 'fastify'
import type { XStatic } from 'typebox/schema'
import type { ActionResult, Control, ServiceSnapshot } from '../domain/gate.ts'
import { AdminError, knownService, type AdminErrorCode } from './problems.ts'
import { NoBody, NoQuery, Params } from './schemas.ts'
import { ServiceList, ServiceView } from './service-view.ts'

/** Words, not coerced values: `?wait=yes` is refused and not taken for "no". */
const Query = {
  type: 'object',
  properties: {
    wait: {
      enum: ['true', 'false'],
      description: 'true: the answer comes when the order has been carried out, or has failed.',
    },
  },
  additionalProperties: false,
} as const
const SleepBody = {
  type: 'object',
  properties: {
    force: {
      type: 'boolean',
      description: 'Requests under way are not waited for, and services that need it are put to sleep first.',
    },
  },
  additionalProperties: false,
} as const

const PinBody = {
  type: 'object',
  properties: {
    for: {
      type: 'string',
      description: 'For how long, as in the config: 30m, 2h. Without: until it is unpinned.',
      examples: ['2h'],
    },
  },
  additionalProperties: false,
} as const

/**
 * Milliseconds of a duration in the config file's grammar, longer than 0; or what is wrong with it, as the end of a sentence,
 * and the remedy. A parameter, because that grammar belongs to the config, which this side knows by its types only.
 */
export type ReadDuration = (
  text: string,
) => number | { readonly message: string; readonly hint?: string | undefined }

interface Order {
  Params: XStatic<typeof Params>
  Querystring: XStatic<typeof Query>
}

/** `view`: a snapshot as the API shows it. */
export function serviceRoutes(
  app: FastifyInstance,
  control: Control,
  readDuration: ReadDuration,
  view: (snapshot: ServiceSnapshot) => ServiceView,
): void {
  const current = (name: string): ServiceView => view(knownService(control.get(name), name))

  app.get(
    '/api/v1/services',
    { config: { scope: 'read' }, schema: { querystring: NoQuery, response: { 200: ServiceList } } },
    () => ({ services: control.list().map(view) }),
  )

  app.get<Pick<Order, 'Params'>>(
    '/api/v1/services/:name',
    {
      config: { scope: 'read' },
      schema: { params: Params, querystring: NoQuery, response: { 200: ServiceView } },
    },
    ({ params }) => current(params.name),
  )

  const order = { params: Params, querystring: Query, response: { 200: ServiceView, 202: ServiceView } }

  app.post<Order>(
    '/api/v1/services/:name/wake',
    { config: { scope: 'operate' }, schema: { ...order, body: NoBody } },
    async ({ params, query }, reply) => {
      const result = knownService(control.wake(params.name), params.name)
      if (query.wait === 'true') return view(outcome(await result, wakeError))
      ignore(result)
      return reply.code(202).send(current(params.name))
    },
  )

  app.post<Order & { Body: XStatic<typeof SleepBody> }>(
    '/api/v1/services/:name/sleep',
    { config: { scope: 'operate' }, schema: { ...order, body: SleepBody } },
    async ({ params, query, body }, reply) => {
      const force = body.force ?? false
      const neededBy = force ? [] : knownService(control.get(params.name), params.name).neededBy
      const result = knownService(control.sleep(params.name, { force }), params.name)
      // Refused at once, with or without `wait`: a 202 would promise a sleep that is not to come.
      if (neededBy.length > 0) return view(unlessNeeded(await result, neededBy))
      if (query.wait === 'true') return view(outcome(await result, sleepError))
      ignore(result)
      return reply.code(202).send(current(params.name))
    },
  )

  const pin = { params: Params, querystring: NoQuery, response: { 200: ServiceView } }

  app.put<Pick<Order, 'Params'> & { Body: XStatic<typeof PinBody> }>(
    '/api/v1/services/:name/pin',
    { config: { scope: 'operate' }, schema: { ...pin, body: PinBody } },
    ({ params, body }) => {
      const duration = body.for === undefined ? null : readDuration(body.for)
      if (typeof duration === 'object' && duration !== null) {
        const { message, hint } = duration
        const detail = `"for" ${message}${hint === undefined ? '' : `; ${hint}`}.`
        throw new AdminError('WAKEDOCK_INVALID_INPUT', detail)
      }
      return view(knownService(control.pin(params.name, duration), params.name))
    },
  )

  app.delete<Pick<Order, 'Params'>>(
    '/api/v1/services/:name/pin',
    { config: { scope: 'operate' }, schema: { ...pin, body: NoBody } },
    ({ params }) => view(knownService(control.unpin(params.name), params.name)),
  )
}

/** Nobody waits for it: how it ends is in the log and in the service's state. */
function ignore(result: Promise<ActionResult>): void {
  result.catch(() => undefined)
}

type Refused = Extract<ActionResult, { done: false }>

function outcome(result: ActionResult, codeOf: (refused: Refused) => AdminErrorCode): ServiceSnapshot {
  if (result.done) return result.snapshot
  const { failure } = result.snapshot
  throw new AdminError(codeOf(result), result.why, {
    extensions: failure === null ? {} : { reason: failure.reason, hint: failure.hint },
  })
}

/** Without what failed earlier: that is not why. */
function unlessNeeded(result: ActionResult, neededBy: readonly string[]): ServiceSnapshot {
  if (result.done) return result.snapshot
  throw new AdminError('WAKEDOCK_NEEDED', result.why, { extensions: { needed_by: neededBy } })
}

function wakeError({ snapshot }: Refused): AdminErrorCode {
  if (snapshot.failure === null) return 'WAKEDOCK_CALLED_OFF'
  return snapshot.lastWake?.outcome === 'timeout' ? 'WAKEDOCK_WAKE_TIMEOUT' : 'WAKEDOCK_WAKE_FAILED'
}

/** A sleep that a request called off leaves no failure behind; a stop that failed does. */
function sleepError({ snapshot }: Refused): AdminErrorCode {
  return snapshot.failure === null ? 'WAKEDOCK_CALLED_OFF' : 'WAKEDOCK_SLEEP_FAILED'
}
