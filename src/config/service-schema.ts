/**
 * The schema of one service: what leads to it and what is behind it. How it behaves is in policy-schema.ts, the rest of the
 * file's schema in schema.ts.
 */
import { Type, type Static } from 'typebox'
import { SERVICE_DEFAULTS } from './defaults.ts'
import { policy } from './policy-schema.ts'
import { oneOrMany, section, text } from './schema-shapes.ts'

const processSchema = section(
  {
    command: Type.Array(Type.String({ minLength: 1 }), {
      'x-secret': true,
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
        'x-secret': true,
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

/** What can be behind a service. */
const TARGETS = ['container', 'containers', 'compose', 'process', 'url'] as const

/** The policy of a service that never sleeps. */
const FOR_URLS = new Set(['drain_timeout', 'strip_prefix', 'tls'])

/** What a url service, which is always on, cannot use. `false` refuses a key even if the options list has it. */
const notBesideUrl = Object.fromEntries(
  ['depends_on', ...Object.keys(policy)].flatMap((key) => (FOR_URLS.has(key) ? [] : [[key, false]])),
)

export const serviceSchema = section(
  {
    hosts: Type.Optional(
      oneOrMany(text('host'), {
        description:
          'The host names that lead to this service, one or a list. "*." in front matches exactly one label; the most specific host wins. Only a service that others depend on may be without.',
        examples: [['blog.example.com', '*.blog.example.com']],
      }),
    ),
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
    containers: Type.Optional(
      Type.Array(text('container'), {
        minItems: 1,
        description:
          'Several containers as one: started in this order, each when the one before it is ready (it runs, and its HEALTHCHECK passes if it has one), and stopped in reverse. The last one gets the requests.',
        examples: [['shop-db', 'shop-cache', 'shop']],
      }),
    ),
    compose: Type.Optional(
      text('compose', {
        description:
          'A whole project of Docker Compose as project/service: all its containers, in the order and under the conditions of its depends_on. The service named here gets the requests.',
        examples: ['nextcloud/app'],
      }),
    ),
    process: Type.Optional(processSchema),
    url: Type.Optional(
      text('origin', {
        description: 'An upstream that is always on and is only proxied: http or https, host and port.',
        examples: ['http://192.0.2.10:3000'],
      }),
    ),
    depends_on: Type.Optional(
      Type.Union([Type.String(), Type.Array(Type.String())], {
        description:
          'Other services that this one needs, one or a list: they are woken before it, and kept awake while it is.',
        default: SERVICE_DEFAULTS.depends_on,
        examples: [['db']],
      }),
    ),
    ...policy,
  },
  {
    description:
      'One service. Exactly one of container, containers, compose, process and url says what is behind it.',
    examples: [{ hosts: 'blog.example.com', container: 'ghost' }],
    oneOf: TARGETS.map((target) => ({ required: [target] })),
    dependencies: { process: ['port'], url: { properties: notBesideUrl } },
  },
)

export type ServiceConfig = Static<typeof serviceSchema>
