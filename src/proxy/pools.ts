/**
 * Connections to upstreams: one undici pool per Upstream, so per run of a target. A connection of a run that has ended is
 * never used for the next one, which is what makes the first POST after a restart safe (measured: it got ECONNRESET).
 * The readiness probe uses the same pool: the connection it proves is the one the first request rides on.
 */
import type { Dispatcher, Pool as PoolType } from 'undici'
import Pool from 'undici/lib/dispatcher/pool.js'
import type { Clock, Upstream } from '../domain/ports.ts'
import { createConnector } from './undici-connector.ts'

export interface Pools {
  /**
   * The pool of this upstream, made at first use. From retire() to serve() it is a closed one, whose dispatch() fails
   * at once.
   */
  dispatcher(upstream: Upstream): Dispatcher
  /** Requests may go to it again: a run that was paused and goes on is the same Upstream, and gets a new pool. */
  serve(upstream: Upstream): void
  /** No new requests; running exchanges end by themselves, and are cut after RETIRE_BOUND. Safe to call twice. */
  retire(upstream: Upstream): void
  /** Destroys everything at once: call it when the exchanges have ended. */
  close(): Promise<void>
}

/** Milliseconds. Long enough for a probe's connection to be handed to the request it was waiting for. */
const RETIRE_BOUND = 30_000
/**
 * Milliseconds an idle connection is kept. An app that closes one in the instant we write on it costs a POST its answer, so
 * we close first: below the 2 s that gunicorn waits without announcing it. Apps that announce more in Keep-Alive
 * (Node: 5 s) are believed, less a second. A new connection to a neighbour costs about 0.1 ms.
 */
const KEEP_ALIVE = 1500
const KEEP_ALIVE_MARGIN = 1000
const KEEP_ALIVE_MAX = 60_000
/** Bytes; the same as for requests in server.ts. Node's 16 KiB is met by apps with many cookies. */
const MAX_HEADER_SIZE = 65_536

/**
 * `connectTimeout`: milliseconds. Short, about a second: a SYN to an address that is not up yet is only repeated by the
 * kernel after one, so waiting longer is waiting for nothing.
 */
export function createPools(options: { connectTimeout: number; clock: Clock }): Pools {
  const live = new Map<Upstream, PoolType>()
  const retired = new WeakMap<Upstream, PoolType>()
  const retiring = new Set<PoolType>()

  const create = (upstream: Upstream): PoolType =>
    new Pool(originOf(upstream), {
      // As many connections as there are requests: an open stream keeps its own. Against stampedes there is pace.ts.
      // A second request in the pipe dies with the first, and could not be retried.
      pipelining: 1,
      connect: createConnector(upstream, options.connectTimeout),
      keepAliveTimeout: KEEP_ALIVE,
      keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX,
      maxHeaderSize: MAX_HEADER_SIZE,
      // A slow answer is the app's business, and the client's, who may leave.
      headersTimeout: 0,
      bodyTimeout: 0,
      // A body that is longer or shorter than announced must fail, not shift the next request on the connection.
      strictContentLength: true,
      allowH2: false,
    })

  return {
    dispatcher(upstream) {
      const pool = live.get(upstream) ?? retired.get(upstream)
      if (pool !== undefined) return pool
      const made = create(upstream)
      live.set(upstream, made)
      return made
    },

    serve(upstream) {
      retired.delete(upstream)
    },

    retire(upstream) {
      if (retired.has(upstream)) return
      // Also when it was never used: a late request with an old lease must not open a new pool.
      const pool = live.get(upstream) ?? create(upstream)
      live.delete(upstream)
      retired.set(upstream, pool)
      retiring.add(pool)
      const bound = options.clock.setTimer(RETIRE_BOUND, () => void pool.destroy())
      void closed(pool).then(() => {
        bound.cancel()
        return retiring.delete(pool)
      })
    },

    async close() {
      const pools = [...live.values(), ...retiring]
      live.clear()
      await Promise.all(pools.map((pool) => pool.destroy()))
    },
  }
}

/** undici rejects close() when destroy() came in between; both mean that it is over. */
async function closed(pool: PoolType): Promise<void> {
  try {
    await pool.close()
  } catch {
    await pool.destroy()
  }
}

/** "http://[::1]:3000". */
export function originOf(upstream: Upstream): string {
  const host = upstream.host.includes(':') ? `[${upstream.host}]` : upstream.host
  return `${upstream.protocol}://${host}:${upstream.port}`
}
