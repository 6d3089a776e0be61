/**
 * The schema of a service's policy: how it sleeps, wakes and is reached. These options may stand in `defaults` as well; what
 * a service is made of (hosts, target, depends_on) is in service-schema.ts.
 */
import { Type, type Static } from 'typebox'
import { READY_DEFAULTS, SERVICE_DEFAULTS, TLS_DEFAULTS, WAITING_DEFAULTS } from './defaults.ts'
import {
  busyGuard,
  ignoreRules,
  readyCheck,
  scheduleWindow,
  tlsCheck,
  waitingPage,
} from './policy-sections.ts'
import { duration, orReference, positiveDuration, section, text } from './schema-shapes.ts'
import { DURATION_PATTERN } from './units.ts'

/** The options that `defaults` may hold as well. */
export const policy = {
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
      description: 'How the target is spoken to. With https its certificate is checked, as tls says.',
      default: SERVICE_DEFAULTS.scheme,
      examples: ['https'],
    }),
  ),
  tls: Type.Optional(
    Type.Union([tlsCheck], {
      description:
        'How the certificate of an https target is checked, in requests, WebSockets and ready checks alike.',
      default: TLS_DEFAULTS,
      examples: [{ ca_file: 'internal-ca.pem' }],
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
  stream_idle_timeout: Type.Optional(
    duration({
      description:
        'After this long without a byte an open stream, such as a WebSocket, does not count as use any more; it is not cut before the service sleeps. 0: it counts for as long as it is open.',
      default: SERVICE_DEFAULTS.stream_idle_timeout,
      examples: ['1h'],
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
  sleep_mode: Type.Optional(
    Type.Enum(['stop', 'pause'], {
      type: 'string',
      description:
        'How a container is put to sleep. stop: ended; its memory is freed. pause: frozen; it keeps its memory and is back within milliseconds.',
      default: SERVICE_DEFAULTS.sleep_mode,
      examples: ['stop'],
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
    Type.Union([readyCheck, Type.Literal('tcp'), Type.Literal('health')], {
      description:
        "How WakeDock sees that a started target can take requests: an HTTP request (the keys below), tcp for a mere connection, or health for the container's own HEALTHCHECK, which is run as soon as the port accepts connections. Default: the HTTP request; for a service without hosts, that it runs, and that its HEALTHCHECK passes if it has one.",
      default: READY_DEFAULTS,
      examples: [{ path: '/health', status: '200-399', timeout: '1s', health: false }],
    }),
  ),
  waiting: Type.Optional(
    Type.Union([waitingPage], {
      description:
        'The page that a person at a browser sees while a slow service wakes. Programs, assets, uploads and crawlers are never shown it: they are held.',
      default: WAITING_DEFAULTS,
      examples: [{ page: 'auto', hold_first: '2s' }],
    }),
  ),
  ignore: Type.Optional(
    Type.Union([ignoreRules], {
      description:
        'Requests that neither wake the service nor count as use, such as those of monitors and bots; while it sleeps they are answered 503. One match of any kind is enough.',
      default: {},
      examples: [{ paths: ['/metrics'], user_agents: ['UptimeRobot', 'bot'], methods: ['OPTIONS'] }],
    }),
  ),
  schedule: Type.Optional(
    Type.Array(scheduleWindow, {
      description: 'When the service is woken and kept awake although nobody uses it.',
      default: SERVICE_DEFAULTS.schedule,
      examples: [[{ days: 'mon-fri', from: '08:00', to: '18:00' }]],
    }),
  ),
  timezone: Type.Optional(
    Type.Union([text('time-zone'), Type.Null()], {
      description:
        "The time zone whose clocks the schedule goes by, as an IANA name. Default: the system's. In the hour that autumn repeats a window stays open; in the one that spring leaves out it opens when the clocks have jumped.",
      default: SERVICE_DEFAULTS.timezone,
      examples: ['Europe/Paris'],
    }),
  ),
  busy: Type.Optional(
    Type.Union([busyGuard, Type.Null()], {
      description:
        'While the target works this much (its CPU or its network), an idle service is not put to sleep. null: only requests count.',
      default: SERVICE_DEFAULTS.busy,
      examples: [{ cpu: '10%', network: '50KiB/s' }],
    }),
  ),
}

export const defaultsSchema = section(policy, {
  description:
    'Any option of a service but its hosts, paths, target and depends_on, for all services that do not set it. Options with options of their own (tls, ready, waiting, ignore, busy) are merged key by key.',
  default: {},
  examples: [{ stop_timeout: '20s', ready: { timeout: '2s' } }],
})

export type DefaultsConfig = Static<typeof defaultsSchema>
