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
  docker: { host: 'unix:///var/run/docker.sock', network: null },
} as const

/** What holds where neither the service nor `defaults` says otherwise. */
export const SERVICE_DEFAULTS = {
  paths: ['/'],
  strip_prefix: false,
  port: null,
  scheme: 'http',
  idle_timeout: '15m',
  min_awake: '30s',
  start_timeout: '60s',
  hold_timeout: null,
  stop_timeout: '10s',
  drain_timeout: '30s',
  max_held: 1000,
} as const
export const READY_DEFAULTS = { path: '/', status: '<500', timeout: '1s' } as const
