/**
 * What the proxy asks of the rest of WakeDock for one request: which service it belongs to, where to count it, and where
 * to write its line. Interfaces only, so that the data path is tested without a core and without metrics.
 */
import type { Gate } from '../domain/gate.ts'
import type { IgnoreMatcher } from './ignore.ts'

/** Counters of one service, bound once at a reload: the hot path only calls them. None may throw. */
export interface ServiceMetrics {
  /**
   * An exchange has ended, however it ended. `code`: the status sent; 499 when the client left before there was one.
   * `cold`: it was held. `seconds`: from the request's head to the end.
   */
  finish(method: string, code: number, cold: boolean, seconds: number): void
  /** An upgraded connection, or an event stream. */
  streamOpened(): void
  streamClosed(): void
  /** The exchange is tried again; `reason` is one of upstream-fault.ts. */
  retry(reason: string): void
  upstreamError(reason: string): void
}

export interface RouteMatch {
  readonly gate: Gate
  readonly metrics: ServiceMetrics
  /** Taken off the path before it is sent; '' for nothing. */
  readonly prefix: string
  /** Which requests neither wake nor count; null: all of them do, and none is looked at. */
  readonly ignores: IgnoreMatcher | null
}

/** `host` is lower case without port and trailing dot; `path` is the raw path without the query. */
export type RouteLookup = (host: string, path: string) => RouteMatch | null

/** One request, for the access log. No query and no header: both carry secrets. */
export interface AccessLine {
  /** null: no route matched. */
  readonly service: string | null
  readonly client: string | null
  readonly method: string
  readonly host: string
  readonly path: string
  readonly status: number
  readonly cold: boolean
  readonly seconds: number
}

/** An exchange that its upstream failed, for the log: nothing that the client sent. */
export interface UpstreamFailure {
  readonly service: string
  /** One of upstream-fault.ts. */
  readonly reason: string
  /** "http://172.17.0.3:8080"; null: there was none yet. */
  readonly address: string | null
  /** Node's, OpenSSL's or the parser's code and words; '' for none. */
  readonly code: string
  readonly message: string
}

/** The status counted when the client left before any answer: nginx's number for it, which dashboards know. */
export const CLIENT_LEFT = 499
