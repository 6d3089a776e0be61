/**
 * What the description of the API says of each route beside its schema: what it is for, and which problems it answers with. Only
 * read by openapi.ts; the daemon never loads it.
 */
import type { AdminErrorCode } from './problems.ts'

export interface Operation {
  /** One line. */
  readonly summary: string
  /** More that somebody needs to know, in Markdown. */
  readonly description?: string
  readonly tag: 'Services' | 'Events' | 'System' | 'Config'
  /** Beside those that every route may answer with. */
  readonly problems?: readonly AdminErrorCode[]
  /** What the statuses of success mean. Default: 200, "OK". */
  readonly answers?: Readonly<Record<string, string>>
  /** Content of the 200 answer where it is not JSON by a schema: media type and what is in it. null: none. */
  readonly content?: readonly (readonly [type: string, description: string])[] | null
  /** Name of the component that describes the 200 answer, where fastify does not write it by a schema. */
  readonly component?: string
  /** Headers that it reads. */
  readonly headers?: Readonly<Record<string, string>>
}

const EVENTS = `Each event has an id, a type and as data a JSON object of the component Event. \`gap\` comes first when
something between the id and what is still in memory is lost. A comment comes every 15 seconds. A reader for which more than
1 MiB waits is cut; it connects again and misses nothing. A stream ends when WakeDock does, and when its token is taken out of
the config.`

/** By method and path, as fastify writes it. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /healthz': {
    summary: 'Whether WakeDock is up',
    tag: 'System',
    component: 'Health',
  },
  'GET /readyz': {
    summary: 'Whether the config is loaded and every provider answers',
    tag: 'System',
    component: 'Readiness',
    answers: { 200: 'It can do its work', 503: 'It cannot: callers that may read are told why' },
  },
  'GET /metrics': {
    summary: 'Metrics for Prometheus',
    tag: 'System',
    content: [['text/plain', 'The text format of Prometheus, version 0.0.4']],
  },
  'GET /api/v1/services': { summary: 'Every service, in the order of the config', tag: 'Services' },
  'GET /api/v1/services/:name': {
    summary: 'One service',
    description: 'Reading never counts as activity.',
    tag: 'Services',
    problems: ['WAKEDOCK_NO_SUCH_SERVICE'],
  },
  'POST /api/v1/services/:name/wake': {
    summary: 'Wake a service',
    description:
      'A backoff after failed wakes is ignored. The order goes on whatever becomes of the request.',
    tag: 'Services',
    answers: { 200: 'With wait=true: it is awake', 202: 'The order is taken' },
    problems: [
      'WAKEDOCK_NO_SUCH_SERVICE',
      'WAKEDOCK_CALLED_OFF',
      'WAKEDOCK_WAKE_FAILED',
      'WAKEDOCK_WAKE_TIMEOUT',
    ],
  },
  'POST /api/v1/services/:name/sleep': {
    summary: 'Put a service to sleep',
    description:
      'Requests under way may end within drain_timeout; a new one calls the sleep off. It ends a pin, and overrules a schedule.',
    tag: 'Services',
    answers: { 200: 'With wait=true: it is asleep', 202: 'The order is taken' },
    problems: ['WAKEDOCK_NO_SUCH_SERVICE', 'WAKEDOCK_NEEDED', 'WAKEDOCK_CALLED_OFF', 'WAKEDOCK_SLEEP_FAILED'],
  },
  'PUT /api/v1/services/:name/pin': {
    summary: 'Keep a service awake',
    description: 'It is woken if it sleeps. A pin is in memory only: a restart of WakeDock forgets it.',
    tag: 'Services',
    problems: ['WAKEDOCK_NO_SUCH_SERVICE'],
  },
  'DELETE /api/v1/services/:name/pin': {
    summary: 'Let a pinned service sleep again',
    description: 'One that is not pinned is fine.',
    tag: 'Services',
    problems: ['WAKEDOCK_NO_SUCH_SERVICE'],
  },
  'GET /api/v1/services/:name/logs': {
    summary: 'What a service prints',
    description: 'Logs may hold secrets, so it takes a token that may operate.',
    tag: 'Services',
    problems: [
      'WAKEDOCK_NO_SUCH_SERVICE',
      'WAKEDOCK_NO_LOGS',
      'WAKEDOCK_LOGS_FAILED',
      'WAKEDOCK_TOO_MANY_STREAMS',
    ],
    headers: { Accept: 'application/x-ndjson for one JSON object a line; plain lines otherwise.' },
    content: [
      ['text/plain', 'One line each'],
      ['application/x-ndjson', 'One JSON object a line: at, stream, text, and part for a stack'],
    ],
  },
  'GET /api/v1/services/:name/history': {
    summary: 'What a service has been through',
    description: 'In memory: a restart of WakeDock begins anew.',
    tag: 'Services',
    problems: ['WAKEDOCK_NO_SUCH_SERVICE'],
  },
  'GET /api/v1/history': {
    summary: 'What every service has been through',
    tag: 'Services',
    component: 'HistoryList',
  },
  'GET /api/v1/events': {
    summary: 'Everything that happens, live, as Server-Sent Events',
    description: EVENTS,
    tag: 'Events',
    problems: ['WAKEDOCK_NO_SUCH_SERVICE', 'WAKEDOCK_TOO_MANY_STREAMS'],
    headers: { 'Last-Event-ID': 'Id of the last event that is known, as browsers send it.' },
    content: [['text/event-stream', 'https://html.spec.whatwg.org/multipage/server-sent-events.html']],
  },
  'GET /api/v1/system/overview': { summary: 'WakeDock as a whole', tag: 'System' },
  'GET /api/v1/config': { summary: 'The config in force, without its secrets', tag: 'Config' },
  'POST /api/v1/config/validate': {
    summary: 'Whether a reload would take the file over',
    description: 'Reads the file and checks it as a reload would. Changes nothing.',
    tag: 'Config',
  },
  'POST /api/v1/config/reload': {
    summary: 'Read the config again and take it over',
    description: 'All or nothing: a file with faults changes nothing.',
    tag: 'Config',
    problems: ['WAKEDOCK_CONFIG_REFUSED'],
  },
  'GET /api/v1/caddy/ask': {
    summary: 'Whether a host name leads to a service',
    description: "For the `ask` of Caddy's on-demand TLS.",
    tag: 'System',
    content: null,
    answers: { 200: 'It does', 404: 'It does not' },
  },
  'GET /api/v1/openapi.json': {
    summary: 'This description',
    tag: 'System',
    content: [['application/json', 'OpenAPI 3.1']],
  },
}
