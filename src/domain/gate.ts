/**
 * The two faces the core shows: a Gate to the proxy (may this request pass?), Control to the admin side (what is each
 * service doing, and make it do something else). Interfaces, so that both sides are tested without a core.
 */
import type { FailureReason } from '../errors.ts'
import type { SleepReason, StateName, Upstream, WakeTrigger } from './ports.ts'
import type { Service } from './service.ts'

/** One admitted request. While it lasts the service is in use and is not put to sleep. */
export interface Lease extends Disposable {
  readonly upstream: Upstream
  /** When the exchange has ended, however it ended: upgraded connections included. The second call does nothing. */
  release(): void
}

/** One waiting request. */
export interface Hold {
  /**
   * Settles once: the lease, or WakeDockError: WAKE_TIMEOUT, WAKE_FAILED, HOLD_QUEUE_FULL, SHUTTING_DOWN,
   * SERVICE_REMOVED. After abort() it rejects too; nobody needs to listen.
   */
  readonly lease: Promise<Lease>
  /** The client has left. The wake goes on: it belongs to the service. Does nothing once settled. */
  abort(): void
}

/** The entrance of one service, for one request after the other. */
export interface Gate {
  /** The policy in force; a reload replaces it. */
  readonly service: Service
  /** Passes at once when the service is awake; null otherwise. The hot path: no promise, no timer, one small object. */
  tryAcquire(): Lease | null
  /** Waits for the service, waking it when it sleeps. */
  hold(): Hold
  /**
   * After a connection to `upstream` was refused or reset: asks the provider whether the target still runs and brings
   * the state up to date. Then tryAcquire() and hold() know. Concurrent calls share one question. Never rejects.
   */
  verify(upstream: Upstream): Promise<void>
}

/** What the admin API, the CLI and the dashboard show of a service. Times are milliseconds since the epoch. */
export interface ServiceSnapshot {
  readonly name: string
  readonly state: StateName
  /** When it entered this state. */
  readonly since: number
  readonly inFlight: number
  readonly held: number
  /** End of the last request; now while one is in flight; null: none since WakeDock started. */
  readonly lastActive: number | null
  /** When it will be put to sleep if nothing comes; null: not due (in use, asleep, or idle_timeout is 0). */
  readonly sleepsAt: number | null
  readonly lastWake: {
    readonly at: number
    readonly trigger: WakeTrigger
    readonly outcome: 'ready' | 'failed' | 'timeout'
    readonly startMs: number
    readonly readyMs: number
    readonly totalMs: number
  } | null
  readonly lastSleep: { readonly at: number; readonly reason: SleepReason; readonly tookMs: number } | null
  /** Why the last wake or stop failed, while that still matters. */
  readonly failure: {
    readonly reason: FailureReason
    readonly message: string
    readonly hint: string
    readonly at: number
    /** When a request may try again; null: at once. */
    readonly retryAt: number | null
  } | null
  /** Since WakeDock started. */
  readonly totals: {
    readonly wakes: number
    readonly failedWakes: number
    readonly sleeps: number
    readonly holds: number
    readonly awakeMs: number
  }
  readonly service: Service
}

export type ActionResult =
  | { readonly done: true; readonly snapshot: ServiceSnapshot }
  /** `why` is a sentence for the admin. */
  | { readonly done: false; readonly why: string; readonly snapshot: ServiceSnapshot }

export interface Control {
  /** In the order of the config file. */
  list(): ServiceSnapshot[]
  get(name: string): ServiceSnapshot | undefined
  /**
   * Orders a wake, ignoring a backoff. Resolves when it has ended; the order itself takes effect at once, before the
   * promise is returned. undefined: no such service.
   */
  wake(name: string): Promise<ActionResult> | undefined
  /**
   * Orders a sleep: in-flight requests are given drain_timeout to end (a new request in that time calls the sleep
   * off); with force they are not waited for. Resolves when it is asleep or the order was called off.
   */
  sleep(name: string, options: { force: boolean }): Promise<ActionResult> | undefined
}
