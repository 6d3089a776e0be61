/**
 * What an admin wants of one service, validated and in plain units: every duration is in milliseconds. Made by
 * config/settings.ts, replaced whole by a reload, never changed in place.
 */

/** What sleeps and wakes. `key` names it: two targets with one key are the same thing in the outside world. */
export type Target = ContainerTarget | ProcessTarget | UrlTarget

export interface ContainerTarget {
  readonly kind: 'container'
  readonly key: string
  /** The container's name; it is followed over a recreate. */
  readonly name: string
  /** Port inside the container; null: the only one it exposes. */
  readonly port: number | null
  readonly scheme: 'http' | 'https'
}

export interface ProcessTarget {
  readonly kind: 'process'
  readonly key: string
  readonly name: string
  readonly command: readonly [string, ...string[]]
  /** Absolute. */
  readonly cwd: string
  /** Added to WakeDock's own environment; PORT is set as well. */
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  readonly scheme: 'http' | 'https'
}

/** Always on: only proxied. */
export interface UrlTarget {
  readonly kind: 'url'
  readonly key: string
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
}

export interface Route {
  /** Lower case, without port and trailing dot; "*.b.example.com" matches exactly one label. */
  readonly host: string
  /** Starts with "/"; matches whole segments. */
  readonly path: string
  readonly stripPrefix: boolean
}

export type ReadyCheck =
  | {
      readonly kind: 'http'
      readonly path: string
      /** Inclusive bounds of the statuses that mean ready. */
      readonly status: readonly [min: number, max: number]
      /** For one attempt. */
      readonly timeout: number
      /** Host header of the probe: many apps answer 400 to a host they do not know. */
      readonly host: string
    }
  | { readonly kind: 'tcp'; readonly timeout: number }

export interface Service {
  readonly name: string
  readonly routes: readonly Route[]
  readonly target: Target
  readonly ready: ReadyCheck
  /** 0: never sleeps by itself. */
  readonly idleTimeout: number
  readonly minAwake: number
  readonly startTimeout: number
  readonly holdTimeout: number
  /** Then the target is killed. */
  readonly stopTimeout: number
  readonly drainTimeout: number
  /** Requests that may wait at once. */
  readonly maxHeld: number
}
