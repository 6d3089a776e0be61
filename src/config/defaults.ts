/**
 * The defaults of the config file, in its own notation. The schema documents them, build.ts applies them.
 */

/** What holds where the file says nothing. */
export const ROOT_DEFAULTS = {
  listen: ':8080',
  trusted_proxies: ['private_ranges'],
  admin: { listen: '127.0.0.1:9090', tokens: [], scope: 'read' },
  limits: { held_requests: 10_000, held_body_memory: '64MiB' },
  log: { level: 'info', format: 'auto', access: false },
  docker: { host: 'unix:///var/run/docker.sock', network: null, labels: false },
  webhooks: [],
} as const

export const WEBHOOK_DEFAULTS = {
  events: ['woke', 'slept', 'failed', 'reload_refused'],
  format: 'json',
} as const

/** What holds where neither the service nor `defaults` says otherwise. */
export const SERVICE_DEFAULTS = {
  paths: ['/'],
  strip_prefix: false,
  port: null,
  scheme: 'http',
  depends_on: [],
  idle_timeout: '15m',
  stream_idle_timeout: 0,
  min_awake: '30s',
  start_timeout: '60s',
  hold_timeout: null,
  stop_timeout: '10s',
  sleep_mode: 'stop',
  drain_timeout: '30s',
  max_held: 1000,
  schedule: [],
  timezone: null,
  busy: null,
} as const
export const READY_DEFAULTS = { path: '/', status: '<500', timeout: '1s', health: false } as const
export const TLS_DEFAULTS = { ca_file: null, server_name: null, insecure_skip_verify: false } as const
export const IGNORE_DEFAULTS = [] as const
export const WAITING_DEFAULTS = { page: 'auto', hold_first: '2s', title: null, theme: 'auto' } as const
export const WINDOW_DEFAULTS = { days: 'daily' } as const
