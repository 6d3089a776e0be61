/**
 * What the core asks of the outside: time, providers, a readiness probe, and somebody who watches. Adapters implement
 * these; tests pass fakes. The contracts in the comments are what the lifecycle's correctness rests on.
 */
import type { TargetError } from '../errors.ts'
import type { ReadyCheck, Target, Tls } from './service.ts'

export interface Timer {
  /** Idempotent. After it, the callback never runs. */
  cancel(): void
}

export interface Clock {
  /** Milliseconds on a clock that never jumps (performance.now). Only differences mean anything. */
  now(): number
  /** Milliseconds since the Unix epoch: for people and metrics, never for decisions. */
  wallTime(): number
  /** Calls back once, never before `delay` milliseconds have passed on now(). Does not keep the process alive. */
  setTimer(delay: number, callback: () => void): Timer
}

/**
 * Where requests are sent while one run of a target lasts. Compared by identity: a restart, a recreate, a changed
 * address or other TLS settings are a new Upstream, and with it a new connection pool.
 */
export interface Upstream {
  readonly protocol: 'http' | 'https'
  /** How its certificate is checked; absent: for `host`, by the public authorities. Means nothing for http. */
  readonly tls?: Tls
  /** A host name or address, an IPv6 one without brackets. */
  readonly host: string
  readonly port: number
  /** Identifies the run: for Docker, container id and start time. */
  readonly generation: string
  /**
   * Something other than the target may accept TCP connections here (docker-proxy on a published port answers before
   * the app listens, moby#16976): an accepted connection alone proves nothing.
   */
  readonly relayed: boolean
  /** The target declares a check of its health that its provider can run. */
  readonly healthcheck: boolean
}

/** What the target's own check of its health says; null: it has none. */
export type Health = 'starting' | 'healthy' | 'unhealthy' | null

/** What a provider says of a target. */
export type TargetStatus =
  | { readonly state: 'running'; readonly upstream: Upstream; readonly health: Health }
  /** It runs, but no address or port to send requests to can be told. */
  | { readonly state: 'unusable'; readonly generation: string; readonly error: TargetError }
  | { readonly state: 'paused' }
  /** exitCode is null where it never ran. By convention 128+n means ended by signal n. */
  | { readonly state: 'stopped'; readonly exitCode: number | null; readonly oom: boolean }
  /** It died and the provider itself will start it again (a Docker restart policy). */
  | { readonly state: 'restarting'; readonly exitCode: number | null }
  | { readonly state: 'missing' }

/** What a target has used up since it was started. Only differences mean anything. */
export interface Usage {
  /** Of one core. */
  readonly cpuSeconds: number
  /** Received and sent; null: not known. */
  readonly networkBytes: number | null
}

/** A container as an engine lists it: what stacks and labelled services are made from. */
export interface FoundContainer {
  /** Without a leading slash. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Seconds since the epoch. */
  readonly created: number
}

export interface ProviderListener {
  /** Called after every change of a watched target, and once for each at every (re)connect: the resync. */
  status(target: Target, status: TargetStatus): void
  /** The provider stopped answering. Statuses are stale until `back`. Called once per outage. */
  lost(provider: string, error: TargetError): void
  /** It answers (again). Statuses of all watched targets follow. Also called at the first connect. */
  back(provider: string): void
}

/**
 * Starts, stops and freezes targets (its verbs). Order is part of the contract: a status delivered after a verb has settled was
 * observed after that moment, and none is delivered for a target while a verb on it is under way; so
 * the last status is never older than the last verb.
 */
export interface Provider {
  readonly name: string
  /**
   * Makes the target run from whatever state it is in (stopped, paused, already running, being restarted) and
   * resolves once it does, with its status (running or unusable; or stopped when it ended at once).
   * Rejects with TargetError: missing, unreachable, refused.
   */
  start(target: Target): Promise<TargetStatus>
  /**
   * Ends the target: asked politely, killed after `grace` milliseconds. Resolves when it is confirmed to be down; a
   * target that is down or gone already counts as stopped. Rejects with TargetError: unreachable, refused, stuck.
   */
  stop(target: Target, grace: number): Promise<void>
  /**
   * Freezes the target where it is; start() lets it go on. One that is down, gone or paused already is fine. Rejects with
   * TargetError: unreachable, refused (also where a provider cannot).
   */
  pause(target: Target): Promise<void>
  /** What it has used so far. Rejects with TargetError: unreachable, refused, missing. */
  usage(target: Target): Promise<Usage>
  /** The present status, asked afresh. Rejects with TargetError: unreachable, refused. */
  inspect(target: Target): Promise<TargetStatus>
  /** Follows exactly these targets from now on; the statuses of new ones are delivered soon. Never throws. */
  watch(targets: readonly Target[], listener: ProviderListener): void
  /** Stops following. Stops no container. */
  close(): Promise<void>
}

/** One line that a target has printed, without its end. */
export interface LogLine {
  /** Milliseconds since the epoch; null: not known. */
  readonly at: number | null
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

export interface LogOptions {
  /** So many of the last lines first. */
  readonly tail: number
  /** Then those to come, until the signal; otherwise it ends after the last that is there. A target that ends does not end it. */
  readonly follow: boolean
  readonly signal: AbortSignal
}

/** What people ask about a target; the lifecycle does not. Errors are TargetErrors: missing, unreachable, refused. */
export interface Insight {
  /** Reads no faster than it is asked to: a slow reader costs no memory. */
  logs(target: Target, options: LogOptions): AsyncIterable<LogLine>
  /** Bytes of memory that it uses now, without the page cache; null: not known. */
  memory(target: Target): Promise<number | null>
}

/** One readiness attempt. Resolves to whether the target can take requests; never rejects. */
export type Probe = (upstream: Upstream, check: ReadyCheck, signal: AbortSignal) => Promise<ProbeResult>

export type ProbeResult =
  | { readonly ready: true }
  /** `why` is a clause for the log and the API: "port 3000 refuses connections", "GET / answers 503". */
  | { readonly ready: false; readonly why: string }

/** Why a service has to be awake although nobody uses it: another service needs it, it is pinned, its schedule says so. */
export type Keep = 'dependent' | 'pin' | 'schedule'
/** What caused a wake. external: the target was started by somebody else. */
export type WakeTrigger = 'request' | 'operator' | 'external' | Keep
/** unneeded: it was awake for others only, and the last of them sleeps. */
export type SleepReason = 'idle' | 'operator' | 'unneeded'
/** page: the client was given the waiting page, and will come back. */
export type HoldOutcome = 'admitted' | 'timeout' | 'rejected' | 'aborted' | 'failed' | 'shutdown' | 'page'
export type StateName = 'asleep' | 'waking' | 'awake' | 'draining' | 'stopping' | 'failed'

/** Everything that happens in the core, told to every Observer in order: logs, metrics and events are made from it. */
export type DomainEvent =
  | { type: 'state'; service: string; from: StateName; to: StateName }
  | { type: 'wake_started'; service: string; trigger: WakeTrigger }
  | {
      type: 'wake_finished'
      service: string
      trigger: WakeTrigger
      outcome: 'ready' | 'failed' | 'timeout'
      /** Milliseconds until the provider's start call returned; 0 when nothing had to be started. */
      startMs: number
      /** Milliseconds from there until the probe passed, or the wake was given up. */
      readyMs: number
      /** Requests that were waiting at the end. */
      held: number
      error: TargetError | null
      /** Milliseconds until a request may try again; 0 at once. */
      retryIn: number
    }
  | { type: 'sleep_started'; service: string; reason: SleepReason; idleMs: number }
  | {
      type: 'sleep_finished'
      service: string
      reason: SleepReason
      outcome: 'stopped' | 'failed'
      tookMs: number
      error: TargetError | null
    }
  /** The target ended, was paused, restarted, recreated … without WakeDock. `what` is a past participle clause. */
  | { type: 'target_changed'; service: string; what: string; inFlight: number }
  | { type: 'adopted'; service: string }
  /** An idle sleep is put off: the target works (rates as in Busy), or nobody can tell (error). */
  | {
      type: 'sleep_postponed'
      service: string
      cpu: number | null
      network: number | null
      error: TargetError | null
    }
  | { type: 'hold_ended'; service: string; outcome: HoldOutcome; heldMs: number }
  /** Requests may go to it from now on: a new run, or one that was to be stopped and was not. */
  | { type: 'upstream_serving'; service: string; upstream: Upstream }
  /** No new request goes to it; running exchanges end by themselves. */
  | { type: 'upstream_retired'; service: string; upstream: Upstream }
  | { type: 'provider_lost'; provider: string; error: TargetError }
  | { type: 'provider_back'; provider: string }
  | { type: 'service_added'; service: string }
  | { type: 'service_removed'; service: string }

/** Must not throw and must not call back into the core. */
export type Observer = (event: DomainEvent) => void
