/** Who stands between the load and the app, and how it is set up. Each has a file of its own; contestants() has them in table order. */
import { caddy } from './proxy-caddy.ts'
import { direct } from './proxy-direct.ts'
import { haproxy } from './proxy-haproxy.ts'
import { httpProxy3 } from './proxy-http-proxy-3.ts'
import { nginx } from './proxy-nginx.ts'
import type { Contestant } from './proxy-contestant.ts'
import { wakeDock } from './proxy-wakedock.ts'

/** The two that all others are compared with. */
export const CADDY = caddy.name
export const HTTP_PROXY_3 = httpProxy3.name
export const DIRECT = direct.name

export const CONTESTANTS: readonly Contestant[] = [direct, httpProxy3, wakeDock, caddy, nginx, haproxy]

/** Those that can run here, and the names of those that cannot: the table has to say who is missing. */
export function installed(all: readonly Contestant[]): {
  present: readonly Contestant[]
  missing: readonly string[]
} {
  const present = all.filter((one) => one.version() !== null)
  return { present, missing: all.filter((one) => !present.includes(one)).map(({ name }) => name) }
}

/** The line below the method: versions, and who is not there. */
export function whoIsThere(present: readonly Contestant[], missing: readonly string[]): string {
  const versions = present.map((one) => `${one.name} ${one.version() ?? ''}`.trim()).join(', ')
  return missing.length === 0
    ? `${versions}.`
    : `${versions}; not installed here, and left out: ${missing.join(', ')}.`
}
