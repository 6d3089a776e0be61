/**
 * The schema of one service and of `defaults`: what each option means, its unit, its default, and what 0 means. The rest
 * of the file's schema is in schema.ts.
 */
import { Type, type Static, type TSchema, type TSchemaOptions } from 'typebox'
import { READY_DEFAULTS, SERVICE_DEFAULTS } from './defaults.ts'
import { DURATION_PATTERN } from './units.ts'
import type { KindName } from './values.ts'

/** A string that a row of KINDS understands. */
export const text = (kind: KindName, options: TSchemaOptions = {}) =>
  Type.String({ 'x-kind': kind, ...options })

/** One or a list of them, which nearly every option of this file that can be a list allows. */
export const oneOrMany = <T extends TSchema>(item: T, options: TSchemaOptions) =>
  Type.Union([item, Type.Array(item, { minItems: 1 })], options)

/** An object that knows exactly these keys. */
export const section = <T extends Record<string, TSchema>>(properties: T, options: TSchemaOptions) =>
  Type.Object(properties, { additionalProperties: false, ...options })

/** For editors: the grammar, or a reference to the environment, which only loading can resolve. */
export const orReference = (pattern: string): string => `${pattern}|\\$\\{`

const duration = (options: TSchemaOptions) =>
  Type.Union([Type.String({ pattern: orReference(DURATION_PATTERN) }), Type.Literal(0)], {
    'x-kind': 'duration',
    ...options,
  })

const positiveDuration = (options: TSchemaOptions) =>
  Type.String({ 'x-kind': 'positive-duration', pattern: orReference(DURATION_PATTERN), ...options })

const readyCheck = section(
  {
    path: Type.Optional(
      text('request-path', {
        description: 'The path asked for, perhaps with a query. Choose one that is cheap and needs no login.',
        default: READY_DEFAULTS.path,
        examples: ['/health'],
      }),
    ),
    status: Type.Optional(
      Type.Union([Type.String(), Type.Integer()], {
        'x-kind': 'status',
        description:
          'The statuses that mean ready: "<500", one such as 200, or a range such as 200-399. By default 404 and 401 count as ready: the app answers.',
        default: READY_DEFAULTS.status,
        examples: ['200-399'],
      }),
    ),
    timeout: Type.Optional(
      positiveDuration({
        description:
          'How long one attempt may take. Attempts go on until start_timeout, so this is not how long the app may take.',
        default: READY_DEFAULTS.timeout,
        examples: ['1s'],
      }),
    ),
  },
  {
    description: 'The HTTP request that shows whether a service is ready.',
    examples: [{ path: '/health', status: '200-399', timeout: '1s' }],
  },
)

/** The options that `defaults` may hold as well. */
const policy = {
  strip_prefix: Type.Optional(
    Type.Boolean({
      description:
        'Remove the matched path before the request is sent on: with paths /notes, /notes/7 becomes /7.',
      default: SERVICE_DEFAULTS.strip_prefix,
      examples: [false],
    }),
  ),
  port: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: 65_535 }), Type.Null()], {
      description:
        'The port the target listens on: inside the container, not the published one. Default: the only port the container exposes. A process needs it set, and finds it as PORT in its environment.',
      default: SERVICE_DEFAULTS.port,
      examples: [2368],
    }),
  ),
  scheme: Type.Optional(
    Type.Enum(['http', 'https'], {
      type: 'string',
      description: 'How the target is spoken to.',
      default: SERVICE_DEFAULTS.scheme,
      examples: ['http'],
    }),
  ),
  idle_timeout: Type.Optional(
    duration({
      description:
        'The service is put to sleep this long after the end of its last request; an open download or WebSocket counts as in use. 0: never by itself.',
      default: SERVICE_DEFAULTS.idle_timeout,
      examples: ['30m'],
    }),
  ),
  min_awake: Type.Optional(
    duration({
      description: 'Once awake it stays so at least this long, whatever idle_timeout says. 0: no minimum.',
      default: SERVICE_DEFAULTS.min_awake,
      examples: ['1m'],
    }),
  ),
  start_timeout: Type.Optional(
    positiveDuration({
      description:
        'How long a wake may take, from the start order until the service is ready; then it has failed, and is tried again later.',
      default: SERVICE_DEFAULTS.start_timeout,
      examples: ['90s'],
    }),
  ),
  hold_timeout: Type.Optional(
    Type.Union([Type.String({ pattern: orReference(DURATION_PATTERN) }), Type.Null()], {
      'x-kind': 'positive-duration',
      description:
        'How long one request waits for its service; then it is answered 504, and the wake goes on. Default: start_timeout.',
      default: SERVICE_DEFAULTS.hold_timeout,
      examples: ['45s'],
    }),
  ),
  stop_timeout: Type.Optional(
    duration({
      description:
        'How long the target may take to end when asked to (SIGTERM); then it is killed. 0: killed at once.',
      default: SERVICE_DEFAULTS.stop_timeout,
      examples: ['20s'],
    }),
  ),
  drain_timeout: Type.Optional(
    duration({
      description:
        'How long requests under way may go on after an ordered sleep, a reload or a shutdown; then they are cut. 0: cut at once.',
      default: SERVICE_DEFAULTS.drain_timeout,
      examples: ['30s'],
    }),
  ),
  max_held: Type.Optional(
    Type.Integer({
      description:
        'How many requests may wait for this service at once; one more is answered 503 with Retry-After.',
      minimum: 1,
      default: SERVICE_DEFAULTS.max_held,
      examples: [200],
    }),
  ),
  ready: Type.Optional(
    Type.Union([readyCheck, Type.Literal('tcp')], {
      description:
        'How WakeDock sees that a started target can take requests: an HTTP request (the keys below), or tcp for a mere connection.',
      default: READY_DEFAULTS,
      examples: [{ path: '/health', status: '200-399', timeout: '1s' }],
    }),
  ),
}

export const defaultsSchema = section(policy, {
  description:
    'Any option of a service but its hosts, paths and target, for all services that do not set it.',
  default: {},
  examples: [{ stop_timeout: '20s', ready: { timeout: '2s' } }],
})

const processSchema = section(
  {
    command: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'The program and its arguments, as a list. No shell is in between.',
      examples: [['node', 'app.js']],
    }),
    cwd: Type.Optional(
      Type.String({
        minLength: 1,
        description: "The folder it starts in, relative to the config file's folder.",
        default: '.',
        examples: ['notes'],
      }),
    ),
    env: Type.Optional(
      Type.Unsafe<Record<string, string | number | boolean>>({
        type: 'object',
        description: "Variables added to WakeDock's own environment. PORT is set from port.",
        propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
        properties: { PORT: false },
        additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
        default: {},
        examples: [{ NODE_ENV: 'production' }],
      }),
    ),
  },
  {
    description:
      'A program on this machine that WakeDock starts and ends by itself: for hosts without Docker.',
    examples: [{ command: ['node', 'app.js'], cwd: 'notes', env: { NODE_ENV: 'production' } }],
  },
)

/** What a url service, which is always on, cannot use. `false` refuses a key even if the options list has it. */
const notBesideUrl = Object.fromEntries(
  Object.keys(policy).flatMap((key) =>
    key === 'drain_timeout' || key === 'strip_prefix' ? [] : [[key, false]],
  ),
)

export const serviceSchema = section(
  {
    hosts: oneOrMany(text('host'), {
      description:
        'The host names that lead to this service, one or a list. "*." in front matches exactly one label; the most specific host wins.',
      examples: [['blog.example.com', '*.blog.example.com']],
    }),
    paths: Type.Optional(
      oneOrMany(text('route-path'), {
        description:
          'The paths on these hosts that lead to it, each with everything beneath it; the longest wins.',
        default: SERVICE_DEFAULTS.paths,
        examples: [['/']],
      }),
    ),
    container: Type.Optional(
      text('container', {
        description:
          'The container to start and stop, by name. It must exist; WakeDock follows it when it is recreated.',
        examples: ['ghost'],
      }),
    ),
    process: Type.Optional(processSchema),
    url: Type.Optional(
      text('origin', {
        description: 'An upstream that is always on and is only proxied: http or https, host and port.',
        examples: ['http://192.0.2.10:3000'],
      }),
    ),
    ...policy,
  },
  {
    description: 'One service. Exactly one of container, process and url says what is behind it.',
    examples: [{ hosts: 'blog.example.com', container: 'ghost' }],
    oneOf: [{ required: ['container'] }, { required: ['process'] }, { required: ['url'] }],
    dependencies: { process: ['port'], url: { properties: notBesideUrl } },
  },
)

export type ServiceConfig = Static<typeof serviceSchema>
export type DefaultsConfig = Static<typeof defaultsSchema>
export type ReadyConfig = Static<typeof readyCheck>
