/**
 * The schema of the options of a service that have options of their own: tls, ready, ignore, schedule, busy. Their neighbours
 * are in policy-schema.ts.
 */
import { Type } from 'typebox'
import {
  IGNORE_DEFAULTS,
  READY_DEFAULTS,
  TLS_DEFAULTS,
  WAITING_DEFAULTS,
  WINDOW_DEFAULTS,
} from './defaults.ts'
import { duration, oneOrMany, orReference, positiveDuration, section, text } from './schema-shapes.ts'

export const tlsCheck = section(
  {
    ca_file: Type.Optional(
      Type.Union([Type.String({ minLength: 1 }), Type.Null()], {
        description:
          "A file with the certificates (PEM) of the authorities that are trusted instead of the public ones, or with the target's own, relative to the config file's folder. It is read at the start and at every reload. Default: the public authorities.",
        default: TLS_DEFAULTS.ca_file,
        examples: ['internal-ca.pem'],
      }),
    ),
    server_name: Type.Optional(
      Type.Union([text('server-name'), Type.Null()], {
        description:
          'The name that the certificate has to be for; the target is told it, too (SNI). Default: of a url its host, otherwise the first of hosts, and without any the name of the container (of a process: localhost).',
        default: TLS_DEFAULTS.server_name,
        examples: ['ghost.internal'],
      }),
    ),
    insecure_skip_verify: Type.Optional(
      Type.Boolean({
        description:
          'Do not check the certificate at all. Whoever stands between WakeDock and the target can then read and change everything; a ca_file with the certificate of the target is as easy, and safe.',
        default: TLS_DEFAULTS.insecure_skip_verify,
        examples: [false],
      }),
    ),
  },
  {
    description: 'How the certificate of a target that is spoken to by https is checked.',
    examples: [{ ca_file: 'internal-ca.pem' }],
  },
)

export const readyCheck = section(
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
    health: Type.Optional(
      Type.Boolean({
        description:
          "The container's own HEALTHCHECK has to pass as well; WakeDock runs it itself and does not wait for Docker's interval. A container without one is then never ready.",
        default: READY_DEFAULTS.health,
        examples: [false],
      }),
    ),
  },
  {
    description: 'The HTTP request that shows whether a service is ready.',
    examples: [{ path: '/health', status: '200-399', timeout: '1s', health: false }],
  },
)

export const waitingPage = section(
  {
    page: Type.Optional(
      Type.Enum(['auto', 'always', 'never'], {
        type: 'string',
        description:
          'auto: a person who opens a page is shown the waiting page when the wake takes longer than hold_first. always: at once. never: browsers are held like everything else.',
        default: WAITING_DEFAULTS.page,
        examples: ['auto'],
      }),
    ),
    hold_first: Type.Optional(
      duration({
        description:
          'How long a browser is held before it is shown the page: an app that starts faster is seen at once. 0: not at all.',
        default: WAITING_DEFAULTS.hold_first,
        examples: ['2s'],
      }),
    ),
    title: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 100 }), Type.Null()], {
        description: 'What the page calls the service. Default: the host that was asked for.',
        default: WAITING_DEFAULTS.title,
        examples: ['Our blog'],
      }),
    ),
    theme: Type.Optional(
      Type.Enum(['auto', 'light', 'dark'], {
        type: 'string',
        description: "The page's colours. auto: as the browser prefers.",
        default: WAITING_DEFAULTS.theme,
        examples: ['dark'],
      }),
    ),
  },
  {
    description:
      'The page that a person at a browser sees while a slow service wakes. Programs, assets, uploads and crawlers are never shown it: they are held.',
    examples: [{ hold_first: '2s' }],
  },
)

/** Empty lists are allowed: in a service they undo what `defaults` says. */
const rules = (
  kind: 'route-path' | 'user-agent' | 'method' | 'network',
  description: string,
  example: string[],
) =>
  Type.Optional(
    Type.Union([text(kind), Type.Array(text(kind))], {
      description,
      default: IGNORE_DEFAULTS,
      examples: [example],
    }),
  )

export const ignoreRules = section(
  {
    paths: rules('route-path', 'Paths, each with everything beneath it.', ['/metrics']),
    user_agents: rules(
      'user-agent',
      'Words that are looked for anywhere in the User-Agent, whatever the case.',
      ['UptimeRobot', 'bot'],
    ),
    methods: rules('method', 'Methods.', ['OPTIONS']),
    from: rules(
      'network',
      'Networks that clients are in: CIDRs, addresses, or private_ranges as in trusted_proxies.',
      ['192.0.2.7'],
    ),
  },
  {
    description:
      'Rules for requests that neither wake a service nor count as use. One match of any kind is enough.',
    examples: [{ paths: ['/metrics'], user_agents: ['UptimeRobot', 'bot'], methods: ['OPTIONS'] }],
  },
)

export const scheduleWindow = section(
  {
    days: Type.Optional(
      oneOrMany(text('days'), {
        description:
          'The days on which it opens: mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri or fri-mon, several with commas between, or daily.',
        default: WINDOW_DEFAULTS.days,
        examples: ['mon-fri'],
      }),
    ),
    from: text('time', {
      pattern: orReference('^([01]\\d|2[0-3]):[0-5]\\d$'),
      description: 'When it opens, as "HH:MM".',
      examples: ['08:00'],
    }),
    to: text('end-time', {
      pattern: orReference('^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$'),
      description: 'When it closes, up to "24:00". Earlier than from: on the next day.',
      examples: ['18:00'],
    }),
  },
  {
    description: 'One stretch of time, by the clocks of timezone.',
    examples: [{ days: 'mon-fri', from: '08:00', to: '18:00' }],
  },
)

export const busyGuard = section(
  {
    cpu: Type.Optional(
      text('cpu', {
        description: 'CPU use, in percent of one core: more than 100% is more than one core.',
        examples: ['10%'],
      }),
    ),
    network: Type.Optional(
      text('rate', {
        description: 'Bytes a second, received and sent together. A process has no such figure.',
        examples: ['50KiB/s'],
      }),
    ),
  },
  {
    minProperties: 1,
    description: 'How much of either counts as work.',
    examples: [{ cpu: '10%', network: '50KiB/s' }],
  },
)
