/**
 * The description of the API (https://spec.openapis.org/oas/v3.1.1), made from the very schemas that its routes check requests and
 * write answers by. Made by `npm run schema` and served as the file that it writes: the daemon does not load this.
 */
import { createFeed } from '../domain/feed.ts'
import { createHistory } from '../domain/history.ts'
import { ConfigView, ReloadView, ValidationView } from './config-routes.ts'
import { EVENT_TYPES } from './event-view.ts'
import { HistoryList, HistoryView } from './history-routes.ts'
import { OPERATIONS, type Operation } from './openapi-operations.ts'
import { OverviewView } from './overview-route.ts'
import { ADMIN_ERRORS, type AdminErrorCode, PROBLEM_TYPE } from './problems.ts'
import type { KnownRoute } from './route-list.ts'
import { Sentences, Text, Time } from './schemas.ts'
import { createAdminServer } from './server.ts'
import { ServiceList, ServiceView } from './service-view.ts'

type Json = Readonly<Record<string, unknown>>

const Problem = {
  type: 'object',
  description: 'RFC 9457. Match on code: sentences may change.',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { const: 'about:blank' },
    title: Text,
    status: { type: 'integer' },
    code: { enum: Object.keys(ADMIN_ERRORS) },
    detail: { ...Text, description: 'What happened here, and what to do about it.' },
    reason: { ...Text, description: 'Why a wake or a sleep failed.' },
    hint: { ...Text, description: 'The remedy.' },
    faults: { ...Sentences, description: 'What is wrong with a config.' },
    needed_by: { ...Sentences, description: 'The services that need it.' },
  },
} as const

const Event = {
  type: 'object',
  description: 'Something that has happened. The fields beside these depend on its type.',
  required: ['id', 'at', 'type'],
  properties: {
    id: { ...Text, description: 'Unique, over restarts of WakeDock too.' },
    at: Time,
    type: { enum: EVENT_TYPES },
    service: { ...Text, description: 'Of those that are about one service.' },
  },
  additionalProperties: true,
} as const

const Health = {
  type: 'object',
  required: ['status'],
  properties: { status: { const: 'ok' }, version: { ...Text, description: 'For callers that may read.' } },
} as const

const Readiness = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { enum: ['ready', 'not ready'] },
    problems: { ...Sentences, description: 'For callers that may read.' },
  },
} as const

/** By the names that they are referred to. */
const COMPONENTS: Readonly<Record<string, Json>> = {
  ConfigView,
  Event,
  Health,
  HistoryList,
  HistoryView,
  OverviewView,
  Problem,
  Readiness,
  ReloadView,
  ServiceList,
  ServiceView,
  ValidationView,
}

/** Generated files: path in the repository, and text. */
export function generatedDescription(): Readonly<Record<string, string>> {
  return { 'src/admin/openapi.generated.json': `${JSON.stringify(describe(knownRoutes()), null, 1)}\n` }
}

/** Every route of the API itself; the dashboard's files are no part of it. */
export function knownRoutes(): readonly KnownRoute[] {
  const none = (): never => {
    throw new Error('only described, never asked')
  }
  const clock = { now: () => 0, wallTime: () => 0, setTimer: none }
  const { routes } = createAdminServer({
    settings: { listen: { kind: 'unix', path: '' }, tokens: [] },
    control: { list: none, get: none, wake: none, sleep: none, pin: none, unpin: none },
    metrics: { render: none, contentType: '' },
    feed: createFeed({ clock }),
    history: createHistory(clock),
    footprint: { of: none, saved: none },
    insight: { logs: none },
    health: { ready: none, providers: none },
    config: { state: none, document: none, validate: none, reload: none },
    serves: none,
    readDuration: none,
    version: '',
    log: { info: none, warn: none, error: none },
    clock,
  })
  return routes.filter(
    ({ method, path }) => method !== 'HEAD' && /^\/(?:api\/|healthz$|readyz$|metrics$)/.test(path),
  )
}

/** Throws where a route has no words to it, or words no route. */
export function describe(routes: readonly KnownRoute[]): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  const left = new Set(Object.keys(OPERATIONS))
  for (const route of routes) {
    const name = `${route.method} ${route.path}`
    const operation = OPERATIONS[name]
    if (operation === undefined) throw new Error(`${name} has no entry in openapi-operations.ts`)
    left.delete(name)
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route, operation) }
  }
  if (left.size > 0)
    throw new Error(`there is no ${[...left].join(', ')}: take it out of openapi-operations.ts`)
  return {
    openapi: '3.1.1',
    info: {
      title: 'WakeDock admin API',
      version: '1',
      description:
        'Times are ISO 8601 in UTC, durations milliseconds (`_ms`). New fields and types of events may be added; readers ignore what they do not know. Unknown query parameters and fields of bodies are refused.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: ['Services', 'Events', 'System', 'Config'].map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(COMPONENTS).map(([name, schema]) => [name, inner(schema)])),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of admin.tokens, with scope read or operate. Where none are configured, only this machine is served, and needs none.',
        },
      },
    },
  }
}

function describeRoute({ path, method, scope, schema = {} }: KnownRoute, operation: Operation): Json {
  const { params, querystring, body, response }: Record<string, unknown> = { ...schema }
  const { summary, description, tag, headers = {} } = operation
  const says = scope === 'open' ? 'Takes no token.' : `Takes a token that may ${scope}.`
  const parameters = [
    ...parametersOf('path', params),
    ...parametersOf('query', querystring),
    ...Object.entries(headers).map(([name, text]) => ({
      name,
      in: 'header',
      description: text,
      schema: Text,
    })),
  ]
  return {
    operationId: idOf(method, path),
    summary,
    description: description === undefined ? says : `${description}\n\n${says}`,
    tags: [tag],
    'x-scope': scope,
    // Of two alternatives "{}" is "nothing": where no tokens are configured.
    security: scope === 'open' ? [] : [{ bearer: [] }, {}],
    ...(parameters.length > 0 && { parameters }),
    ...(namesIn(body).length > 0 && {
      requestBody: { required: false, content: { 'application/json': { schema: refer(body) } } },
    }),
    responses: { ...answersOf(operation, response), ...problemsOf(operation, scope, querystring, body) },
  }
}

function answersOf({ answers = { 200: 'OK' }, content, component }: Operation, response: unknown): Json {
  const schemas: Record<string, unknown> = { ...(typeof response === 'object' ? response : {}) }
  const other = content?.map(([type, description]) => [type, { schema: { type: 'string', description } }])
  return Object.fromEntries(
    Object.entries(answers).map(([status, description]) => {
      const schema = schemas[status] ?? (component === undefined ? undefined : COMPONENTS[component])
      const json = schema && { 'application/json': { schema: refer(schema) } }
      const found = json ?? (other && Object.fromEntries(other))
      return [status, { description, ...(found && { content: found }) }]
    }),
  )
}

function problemsOf(operation: Operation, scope: string, query: unknown, body: unknown): Json {
  const codes: AdminErrorCode[] = [...(operation.problems ?? [])]
  if (query !== undefined || body !== undefined) codes.push('WAKEDOCK_INVALID_INPUT')
  if (body !== undefined) codes.push('WAKEDOCK_BODY_TOO_LARGE')
  if (scope !== 'open')
    codes.push(
      'WAKEDOCK_UNAUTHORIZED',
      'WAKEDOCK_HOST_REFUSED',
      'WAKEDOCK_CROSS_SITE',
      'WAKEDOCK_TOO_MANY_ATTEMPTS',
    )
  if (scope === 'operate') codes.push('WAKEDOCK_FORBIDDEN')
  codes.push('WAKEDOCK_INTERNAL', 'WAKEDOCK_SHUTTING_DOWN')
  const byStatus = Map.groupBy(codes.toSorted(), (code) => String(ADMIN_ERRORS[code].status))
  const own = new Set(Object.keys(operation.answers ?? {}))
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !own.has(status))
      .toSorted(([a], [b]) => Number(a) - Number(b))
      .map(([status, of]) => [
        status,
        {
          description: of.map((code) => `\`${code}\`: ${ADMIN_ERRORS[code].title}.`).join('\n\n'),
          content: { [PROBLEM_TYPE]: { schema: refer(Problem) } },
        },
      ]),
  )
}

function parametersOf(place: 'path' | 'query', schema: unknown): Json[] {
  const { required, properties }: { required?: readonly string[]; properties?: Record<string, Json> } = {
    ...(typeof schema === 'object' ? schema : {}),
  }
  return Object.entries(properties ?? {}).map(([name, { description = '', ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required?.includes(name) === true,
    description,
    schema: rest,
  }))
}

function namesIn(schema: unknown): string[] {
  return parametersOf('query', schema).map(({ name }) => String(name))
}

/** "postServicesNameWake". */
function idOf(method: string, path: string): string {
  const words = path
    .replace('/api/v1', '')
    .split(/[^a-z]+/)
    .filter(Boolean)
  return [method.toLowerCase(), ...words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)].join('')
}

/** The schema, with every component in it as a reference. Components are known by identity: they are the routes' own. */
function refer(schema: unknown): unknown {
  const found = Object.entries(COMPONENTS).find(([, component]) => component === schema)
  return found === undefined ? inner(schema) : { $ref: `#/components/schemas/${found[0]}` }
}

function inner(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(refer)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, refer(value)]))
}
