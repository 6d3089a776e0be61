/**
 * What an admin wants of one service, validated and in plain units: every duration is in milliseconds. Made by
 * config/settings.ts, replaced whole by a reload, never changed in place.
 */

/** What sleeps and wakes. `key` names it: two targets with one key are the same thing in the outside world. */
export type Target = ContainerTarget | ProcessTarget | UrlTarget | GroupTarget

/** How the certificate of an https upstream is checked. */
export interface Tls {
  /** PEM of the authorities that are trusted, and no others; null: the public ones, as Node.js brings them. */
  readonly ca: string | null
  /** The name, or address, that the certificate has to be for. A name is sent to the target as well (SNI). */
  readonly serverName: string
  /** Nothing is checked: whoever stands in between can read and change everything. */
  readonly insecure: boolean
}

export interface ContainerTarget {
  readonly kind: 'container'
  readonly key: string
  /** The container's name; it is followed over a recreate. */
  readonly name: string
  /** Port inside the container; null: the only one it exposes. */
  readonly port: number | null
  readonly scheme: 'http' | 'https'
  /** Of an https one; absent: as for any client, its host by the public authorities. */
  readonly tls?: Tls
  /** Requests are sent to it. false: a part of a stack that only has to run; it needs neither a port nor an address. */
  readonly addressed: boolean
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
  readonly tls?: Tls
}

/** Always on: only proxied. */
export interface UrlTarget {
  readonly kind: 'url'
  readonly key: string
  readonly scheme: 'http' | 'https'
  readonly tls?: Tls
  readonly host: string
  readonly port: number
}

/** Several targets as one: its service's `needs` name the parts. It has no run of its own; its upstream is that of `main`. */
export interface GroupTarget {
  readonly kind: 'group'
  readonly key: string
  readonly name: string
  /** Key of the part that gets the requests. */
  readonly main: string
}

/** Another target that has to run for this service. */
export interface Need {
  /** Its key. */
  readonly key: string
  /**
   * What this service's own start waits for:
   * - along: nothing; it is woken and kept awake with this one
   * - running: that it runs (Compose: service_started)
   * - ready: that its ready check has passed (service_healthy)
   * - completed: that it has ended with exit code 0 (service_completed_successfully)
   */
  readonly until: 'along' | 'running' | 'ready' | 'completed'
}

export interface Route {
  /** Lower case, without port and trailing dot; "*.b.example.com" matches exactly one label. */
  readonly host: string
  /** Starts with "/"; matches whole segments. */
  readonly path: string
  readonly stripPrefix: boolean
}

/** `timeout` is for one attempt; a HEALTHCHECK has its own. `health`: the container's own HEALTHCHECK has to pass as well. */
export type ReadyCheck =
  | {
      readonly kind: 'http'
      readonly path: string
      /** Inclusive bounds of the statuses that mean ready. */
      readonly status: readonly [min: number, max: number]
      readonly timeout: number
      /** Host header of the probe: many apps answer 400 to a host they do not know. */
      readonly host: string
      readonly health: boolean
    }
  | { readonly kind: 'tcp'; readonly timeout: number; readonly health: boolean }
  /** The HEALTHCHECK alone, which it must have. */
  | { readonly kind: 'health' }
  /** That it runs; with `health`, its HEALTHCHECK as well where it has one. */
  | { readonly kind: 'running'; readonly health: boolean }
  /** That it has ended with exit code 0: a job. */
  | { readonly kind: 'completed' }

/** A stretch of time in which a service is kept awake. It may last into the next day. */
export interface Window {
  /** The days on which it opens, 0 (Sunday) to 6. */
  readonly days: readonly number[]
  /** Minutes since midnight, by the clocks of the schedule's time zone. */
  readonly from: number
  /** Up to 1440. Not more than `from`: on the next day. */
  readonly to: number
}

export interface Schedule {
  readonly windows: readonly [Window, ...Window[]]
  /** IANA name. */
  readonly timeZone: string
}

/** Requests that neither wake nor count: one match of any kind is enough. */
export interface Ignore {
  /** Start with "/"; each matches itself and everything beneath it, on whole segments. */
  readonly paths: readonly string[]
  /** Found anywhere in the User-Agent, whatever the case. Lower case here. */
  readonly userAgents: readonly string[]
  /** Upper case. */
  readonly methods: readonly string[]
  /** CIDRs of clients. */
  readonly from: readonly string[]
}

/** From here on a target counts as busy. At least one is not null. */
export interface Busy {
  /** Cores: 0.1 is a tenth of one. */
  readonly cpu: number | null
  /** Bytes a second, received and sent together. */
  readonly network: number | null
}

/** The page that a person at a browser sees when a wake takes longer than they are held for. */
export interface Waiting {
  /** auto: for browser navigations, after holdFirst. always: for them, at once. never: they are held like everything else. */
  readonly page: 'auto' | 'always' | 'never'
  /** Milliseconds that a navigation is held before the page; 0: the page at once. */
  readonly holdFirst: number
  /** What the page calls the service; null: the host that was asked for. */
  readonly title: string | null
  readonly theme: 'auto' | 'light' | 'dark'
}

export interface Service {
  readonly name: string
  /** Empty for one that is only needed by others. */
  readonly routes: readonly Route[]
  readonly target: Target
  /**
   * Made from a stack (containers, compose), not written by an admin: it shows beneath its service, is named after it
   * ("blog/db"), has no metrics, and sleeps as soon as nobody needs it.
   */
  readonly part: boolean
  readonly needs: readonly Need[]
  readonly ready: ReadyCheck
  /** 0: never sleeps by itself. */
  readonly idleTimeout: number
  /** After so long without a byte an open stream does not count as use. 0: it always counts. */
  readonly streamIdleTimeout: number
  readonly minAwake: number
  readonly startTimeout: number
  readonly holdTimeout: number
  /** Then the target is killed. */
  readonly stopTimeout: number
  readonly sleepMode: 'stop' | 'pause'
  readonly drainTimeout: number
  /** Requests that may wait at once. */
  readonly maxHeld: number
  readonly waiting: Waiting
  readonly ignore: Ignore | null
  readonly schedule: Schedule | null
  /** Postpones an idle sleep. */
  readonly busy: Busy | null
}
