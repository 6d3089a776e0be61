/**
 * Which requests of a service are to be ignored: monitors, crawlers and health checks that neither wake it nor keep it awake.
 * In doubt a request is not ignored: a service that wakes once too often does less harm than one that is put to sleep under
 * somebody's hands.
 */
import type { Ignore } from '../domain/service.ts'
import { addressesIn } from './peers.ts'

/**
 * `path` is the raw path without the query, before a route's prefix is taken off; `userAgent` is '' where there is none.
 * `client` is asked only when nothing else has decided; null: nobody knows.
 */
export type IgnoreMatcher = (
  method: string,
  path: string,
  userAgent: string,
  client: () => string | null,
) => boolean

/**
 * What may lead out of a prefix, or to something that apps disagree about: "." and ".." as segments (also with the parameters
 * Tomcat cuts off: "..;x"), doubled slashes, backslashes, and all of these percent-encoded, once or twice.
 */
const AMBIGUOUS = /\/\/|\/\.{1,2}(?:[/;]|$)|\\|%(?:25|2e|2f|5c)/i

/** Made once per reload. Throws where `from` is no list of CIDRs; the config has checked it. */
export function compileIgnore(ignore: Ignore): IgnoreMatcher {
  const prefixes = ignore.paths.map((path) => path.replace(/\/+$/, ''))
  const methods = new Set(ignore.methods)
  const ignored = addressesIn(ignore.from)
  return (method, path, userAgent, client) => {
    if (methods.has(method) || prefixes.some((prefix) => isBeneath(path, prefix))) return true
    if (ignore.userAgents.length > 0) {
      const agent = userAgent.toLowerCase()
      if (ignore.userAgents.some((part) => agent.includes(part))) return true
    }
    if (ignore.from.length === 0) return false
    const address = client()
    return address !== null && ignored(address)
  }
}

/**
 * The prefix itself and whole segments beneath it, byte for byte: what is spelled otherwise ("/he%61lth") does not match,
 * even where the app takes it for the same. `prefix` has no slash at its end; '' is everything.
 */
function isBeneath(path: string, prefix: string): boolean {
  if (prefix === '' || path === prefix) return true
  if (!path.startsWith(`${prefix}/`)) return false
  return !AMBIGUOUS.test(path.slice(prefix.length))
}
