/**
 * Which service a request is for. Built whole at every reload, read at every request: exact hosts by one map look-up;
 * what a host leads to is remembered in a bounded memo, so that random hosts cost memory only up to its size.
 */
import { LRUCache } from 'lru-cache'
import type { Route } from './service.ts'

export interface Entry<T> {
  readonly routes: readonly Route[]
  /** What lookup() answers. `prefix` is to be taken off the path before it goes to the upstream; '' for nothing. */
  readonly match: (prefix: string) => T
}

interface PathRoute<T> {
  /** '' matches every path. Never ends in "/". */
  readonly prefix: string
  readonly match: T
}

/** Hosts whose routes are remembered: known ones with an asterisk, and unknown ones. */
const MEMO_SIZE = 10_000
/** RFC 1035 section 2.3.4. No route has a longer host; what pretends to be one may have 64 KiB, and would fill the memo with them. */
const MAX_HOST = 253

export class RouteTable<T> {
  readonly #hosts = new Map<string, PathRoute<T>[]>()
  /** By what follows the asterisk, its dot included. */
  readonly #wildcards = new Map<string, PathRoute<T>[]>()
  readonly #memo = new LRUCache<string, PathRoute<T>[]>({ max: MEMO_SIZE })

  constructor(entries: Iterable<Entry<T>>) {
    for (const { routes, match } of entries) {
      for (const { host, path, stripPrefix } of routes) {
        const prefix = path.replace(/\/+$/, '')
        const table = host.startsWith('*.') ? this.#wildcards : this.#hosts
        const key = host.startsWith('*.') ? host.slice(1) : host
        const list = table.get(key) ?? []
        list.push({ prefix, match: match(stripPrefix ? prefix : '') })
        table.set(key, list)
      }
    }
    for (const list of [...this.#hosts.values(), ...this.#wildcards.values()]) list.sort(longestFirst)
  }

  /**
   * The most specific route: an exact host before an asterisk, then the longest path. `host` is lower case, without
   * port and trailing dot; `path` may carry its query. null: none.
   */
  lookup(host: string, path: string): T | null {
    for (const route of this.#routesOf(host)) {
      if (matches(path, route.prefix)) return route.match
    }
    return null
  }

  /** Whether any path of this host leads somewhere. `host` as for lookup(). */
  serves(host: string): boolean {
    return this.#routesOf(host).length > 0
  }

  #routesOf(host: string): readonly PathRoute<T>[] {
    if (host.length > MAX_HOST) return []
    let routes = this.#memo.get(host)
    if (routes === undefined) {
      const dot = host.indexOf('.')
      // A host with routes of its own still falls back to the asterisk's for the paths that it does not have.
      const wildcard = dot > 0 ? this.#wildcards.get(host.slice(dot)) : undefined
      routes = [...(this.#hosts.get(host) ?? []), ...(wildcard ?? [])]
      this.#memo.set(host, routes)
    }
    return routes
  }
}

/** Whole segments: "/api" takes "/api", "/api/x" and "/api?x", but not "/apis". */
function matches(path: string, prefix: string): boolean {
  if (prefix === '') return true
  if (!path.startsWith(prefix)) return false
  const next = path[prefix.length]
  return next === undefined || next === '/' || next === '?'
}

function longestFirst<T>(a: PathRoute<T>, b: PathRoute<T>): number {
  return b.prefix.length - a.prefix.length
}
