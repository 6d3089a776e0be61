/**
 * The two faces the core shows: a Gate to the proxy (may this request pass?), Control to the admin side (what is each
 * service doing, and make it do something else). Interfaces, so that both sides are tested without a core.
 */
import type { FailureReason } from '../errors.ts'
import type { Health, Keep, SleepReason, StateName, Upstream, WakeTrigger } from './ports.ts'
import type { Service, Target } from './service.ts'

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
  /**
   * Nobody waits any more: the client has left, or has been given the waiting page instead, or is refused as there is no memory
   * for what it sends. The wake goes on: it belongs to the service. Does nothing once settled.
   */
  abort(outcome?: 'aborted' | 'page' | 'rejected'): void
}

/** The entrance of one service, for one request after the other. */
export interface Gate {
  /** The policy in force; a reload replaces it. */
  readonly service: Service
  /** Passes at once when the service is awake; null otherwise. The hot path: no promise, no timer, one small object. */
  tryAcquire(): Lease | null
  /**
   * Where a request that must neither wake nor count (`ignore`) may go now; null: nowhere. It changes nothing: a drain goes on,
   * and a sleep that falls due does not wait for it.
   */
  peek(): Upstream | null
  /** An open stream that had fallen silent counts again, if this run still takes requests. It is no new request: a drain goes on. */
  resume(upstream: Upstream): Lease | null
  /** Waits for the service, waking it when it sleeps. */
  hold(): Hold
  /**
   * After a connection to `upstream` was refused or reset: asks the provider whether the target still runs and brings
   * the state up to date. Then tryAcquire() and hold() know. Concurrent calls share one question. Never rejects.
   */
  verify(upstream: Upstream): Promise<void>
  /** What the waiting page tells of. Asking counts as no use. */
  snapshot(): ServiceSnapshot
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
  /** When it will be put to sleep if nothing comes; null: not due (in use, kept, asleep, or idle_timeout is 0). */
  readonly sleepsAt: number | null
  /** Why it is to be awake although nobody uses it; null: nothing wants that. */
  readonly kept: Keep | null
  /** null: not pinned. until null: until it is unpinned. */
  readonly pinned: { readonly until: number | null } | null
  readonly health: Health
  /**
   * The wake that is under way; null: none. since: when it began. phase: what it waits for. needs: other services or parts; start:
   * the provider; ready: the ready check.
   */
  readonly waking: { readonly since: number; readonly phase: 'needs' | 'start' | 'ready' } | null
  /** Names of services and parts that its wake waits for now. */
  readonly waitingFor: readonly string[]
  /** Names of the services that keep it awake now. */
  readonly neededBy: readonly string[]
  /** The parts of a stack, in no particular order; empty for everything else. */
  readonly parts: readonly PartSnapshot[]
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
    /** The time it has spent asleep. */
    readonly asleepMs: number
  }
  readonly service: Service
}

/** One container of a stack. */
export interface PartSnapshot {
  /** "blog/db". */
  readonly name: string
  readonly target: Target
  readonly state: StateName
  readonly since: number
  readonly health: Health
  readonly failure: ServiceSnapshot['failure']
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
   * off); with force they are not waited for. It ends a pin, and overrules a schedule until a request comes or the schedule has
   * closed. While other services need it, it is refused; with force they are put to sleep first. Resolves when it is
   * asleep or the order was called off.
   */
  sleep(name: string, options: { force: boolean }): Promise<ActionResult> | undefined
  /**
   * Keeps it awake for so many milliseconds from now (null: until unpin), waking it if it sleeps. A pin is in memory only: a
   * restart of WakeDock forgets it. undefined: no such service.
   */
  pin(name: string, duration: number | null): ServiceSnapshot | undefined
  /** Its idle time counts again. Not pinned is fine. */
  unpin(name: string): ServiceSnapshot | undefined
}
