/**
 * The config file's schema: the one source of its keys, their meaning, defaults and types. Validation, the editors' schema
 * file, the commented example and the reference page all come from it. Draft 7 of JSON Schema: ajv's default, and the
 * newest that the YAML extension of editors supports whole.
 *
 * `npm run schema` writes it as plain data, which is what runs: typebox itself costs 15 MB of memory and 60 ms at every
 * start (measured 2026-11-21 on Node 24.21), so outside of tests and that script only types are imported from here.
 *
 * A key is here only if its feature exists: a config that is accepted but not obeyed is worse than one that is refused.
 */
import { Type, type Static } from 'typebox'
import { ROOT_DEFAULTS, WEBHOOK_DEFAULTS } from './defaults.ts'
import { NAME_PATTERN } from './names.ts'
import { defaultsSchema } from './policy-schema.ts'
import { oneOrMany, orReference, section, text } from './schema-shapes.ts'
import { serviceSchema, type ServiceConfig } from './service-schema.ts'
import { SIZE_PATTERN } from './units.ts'

const TOKEN_EXAMPLES = [
  { name: 'ops', token: '${WAKEDOCK_TOKEN}', scope: 'operate' },
  { name: 'prometheus', token_file: '/run/secrets/prometheus', scope: 'read' },
]

const tokenSchema = section(
  {
    name: Type.String({
      minLength: 1,
      description: 'Who uses it; shown instead of the token.',
      examples: ['ops'],
    }),
    token: Type.Optional(
      Type.String({
        'x-secret': true,
        description:
          'The token. Take it from the environment: a file with a secret in it gets copied and committed.',
        examples: ['${WAKEDOCK_TOKEN}'],
      }),
    ),
    token_file: Type.Optional(
      Type.String({
        minLength: 1,
        description: "A file that holds the token and nothing else, relative to the config file's folder.",
        examples: ['/run/secrets/prometheus'],
      }),
    ),
    scope: Type.Optional(
      Type.Enum(['read', 'operate'], {
        type: 'string',
        description: 'read: look and scrape. operate: wake and put to sleep as well.',
        default: ROOT_DEFAULTS.admin.scope,
        examples: ['read'],
      }),
    ),
  },
  {
    description: 'One token: exactly one of token and token_file.',
    examples: TOKEN_EXAMPLES,
    oneOf: [{ required: ['token'] }, { required: ['token_file'] }],
  },
)

const WEBHOOK_EXAMPLES = [
  { url: 'https://hooks.example.com/wakedock', secret: '${WEBHOOK_SECRET}' },
  { url: 'https://ntfy.sh/my-homelab', format: 'ntfy', events: ['failed', 'reload_refused'] },
]

const webhookSchema = section(
  {
    url: text('webhook-url', {
      'x-secret': true,
      description:
        'Where a POST is sent: http or https; redirects are not followed. user:password@ is sent as basic authentication (for a token of ntfy write ":TOKEN@"). For ntfy its last part is the topic. Whoever knows a Discord URL can post there: take it from the environment.',
      examples: ['https://hooks.example.com/wakedock'],
    }),
    events: Type.Optional(
      oneOrMany(Type.Enum(['woke', 'slept', 'failed', 'reload_refused'], { type: 'string' }), {
        description:
          'Which events, one or a list: woke, slept, failed (a wake or a stop), reload_refused (a config with faults).',
        default: WEBHOOK_DEFAULTS.events,
        examples: [['failed', 'reload_refused']],
      }),
    ),
    secret: Type.Optional(
      Type.String({
        'x-secret': true,
        minLength: 1,
        description:
          'For json: signs each request as Standard Webhooks do (headers webhook-id, webhook-timestamp and webhook-signature), so that the receiver knows who sent it and can refuse what is old. whsec_… is the base64 that their libraries take; any other text is used as it is.',
        examples: ['${WEBHOOK_SECRET}'],
      }),
    ),
    format: Type.Optional(
      Type.Enum(['json', 'ntfy', 'discord'], {
        type: 'string',
        description: 'json: the event as GET /api/v1/events shows it. ntfy, discord: a message for people.',
        default: WEBHOOK_DEFAULTS.format,
        examples: ['json'],
      }),
    ),
  },
  { description: 'One receiver of events.', examples: WEBHOOK_EXAMPLES },
)

export const configSchema = section(
  {
    listen: Type.Optional(
      oneOrMany(text('listen'), {
        description:
          'Where requests arrive, one address or a list: host:port, ":8080" for all interfaces, or unix:/path (mode 0660: the group decides who else may connect, and all who may are trusted proxies). Port 0 takes any free one.',
        default: ROOT_DEFAULTS.listen,
        examples: [':8080'],
      }),
    ),
    trusted_proxies: Type.Optional(
      Type.Union([text('network'), Type.Array(text('network'))], {
        description:
          'The proxies in front whose X-Forwarded-* headers are believed: CIDRs, addresses, or private_ranges (private networks and the loopback, as in Caddy). []: none.',
        default: ROOT_DEFAULTS.trusted_proxies,
        examples: [['private_ranges']],
      }),
    ),
    admin: Type.Optional(
      section(
        {
          listen: Type.Optional(
            text('listen', {
              description:
                'Where the admin API, metrics and health checks are served. Off the loopback it refuses to start without tokens.',
              default: ROOT_DEFAULTS.admin.listen,
              examples: ['127.0.0.1:9090'],
            }),
          ),
          tokens: Type.Optional(
            Type.Array(tokenSchema, {
              description:
                'Who may use it from where. Without tokens, whoever can connect may do everything.',
              default: ROOT_DEFAULTS.admin.tokens,
              examples: [TOKEN_EXAMPLES],
            }),
          ),
        },
        { description: 'The side for operators.' },
      ),
    ),
    limits: Type.Optional(
      section(
        {
          held_requests: Type.Optional(
            Type.Integer({
              minimum: 1,
              description:
                'How many requests may wait at once, all services together; one more is answered 503.',
              default: ROOT_DEFAULTS.limits.held_requests,
              examples: [10_000],
            }),
          ),
          held_body_memory: Type.Optional(
            Type.String({
              'x-kind': 'positive-size',
              pattern: orReference(SIZE_PATTERN),
              description:
                "Memory for the bodies of waiting requests, all together. What does not fit waits in the clients' connections; a body that came with its head, and so cannot, is answered 503 with Retry-After.",
              default: ROOT_DEFAULTS.limits.held_body_memory,
              examples: ['64MiB'],
            }),
          ),
        },
        { description: 'Bounds for the whole daemon.' },
      ),
    ),
    log: Type.Optional(
      section(
        {
          level: Type.Optional(
            Type.Enum(['debug', 'info', 'warn', 'error'], {
              type: 'string',
              description: 'The least important lines that are written: debug, info, warn or error.',
              default: ROOT_DEFAULTS.log.level,
              examples: ['info'],
            }),
          ),
          format: Type.Optional(
            Type.Enum(['auto', 'pretty', 'json'], {
              type: 'string',
              description: 'auto: pretty on a terminal, json otherwise.',
              default: ROOT_DEFAULTS.log.format,
              examples: ['auto'],
            }),
          ),
          access: Type.Optional(
            Type.Boolean({
              description: 'One line a request. Costs speed; Caddy in front may already write them.',
              default: ROOT_DEFAULTS.log.access,
              examples: [false],
            }),
          ),
        },
        { description: 'What is written, and how.' },
      ),
    ),
    docker: Type.Optional(
      section(
        {
          host: Type.Optional(
            text('docker-host', {
              description:
                'The Docker engine (or a socket proxy, or Podman): unix:///path, tcp://host:port or https://host:port. Where it is not set, DOCKER_HOST is honoured.',
              default: ROOT_DEFAULTS.docker.host,
              examples: ['unix:///var/run/docker.sock'],
            }),
          ),
          network: Type.Optional(
            Type.Union([Type.String({ minLength: 1 }), Type.Null()], {
              description:
                'The Docker network on which containers are reached. Default: one that WakeDock shares with them, else any.',
              default: ROOT_DEFAULTS.docker.network,
              examples: ['caddy'],
            }),
          ),
          labels: Type.Optional(
            Type.Boolean({
              description:
                'Whether containers can declare services by their labels: wakedock.enable=true, wakedock.hosts=a.example.com,b.example.com and any option of a service by its dotted name, such as wakedock.ready.path=/health. What this file says wins.',
              default: ROOT_DEFAULTS.docker.labels,
              examples: [false],
            }),
          ),
        },
        { description: 'Needed only where a service is a container.' },
      ),
    ),
    webhooks: Type.Optional(
      Type.Array(webhookSchema, {
        description:
          'Who is told, over HTTP, of what happens. What cannot be delivered within some minutes is given up.',
        default: ROOT_DEFAULTS.webhooks,
        examples: [WEBHOOK_EXAMPLES],
      }),
    ),
    defaults: Type.Optional(defaultsSchema),
    services: Type.Optional(
      Type.Unsafe<Record<string, ServiceConfig> | null>({
        description:
          'What sleeps and wakes, by name: lower-case letters, digits, ".", "_" and "-", at most 63. The name is shown in logs, metrics and the API.',
        anyOf: [
          { type: 'object', propertyNames: { pattern: NAME_PATTERN }, additionalProperties: serviceSchema },
          { type: 'null' },
        ],
        examples: [{ blog: { hosts: 'blog.example.com', container: 'ghost' } }],
      }),
    ),
  },
  { $schema: 'http://json-schema.org/draft-07/schema#', title: 'wakedock.yaml' },
)

export type Config = Static<typeof configSchema>
export type TokenConfig = Static<typeof tokenSchema>
