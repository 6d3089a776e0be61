/**
 * The metric families of design/interface.md, and one service's series in them: made together at 0, counted up, and
 * taken away together when the service is removed. The collection itself is in metrics.ts.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { SleepReason, WakeTrigger } from './domain/ports.ts'

/** What the proxy reports of one service. After the service is removed every call does nothing. */
export interface ServiceMetrics {
  /** An exchange has ended, however it ended. `code`: the status sent. `cold`: it waited for a wake. `seconds`: all of it. */
  finish(method: string, code: number, cold: boolean, seconds: number): void
  /** An upgraded connection, or a response without an end in sight, has begun. */
  streamOpened(): void
  streamClosed(): void
  /** An exchange is tried on a second connection. */
  retry(reason: string): void
  upstreamError(reason: string): void
}

const TRIGGERS = [
  'request',
  'operator',
  'external',
  'dependent',
  'pin',
  'schedule',
] as const satisfies readonly WakeTrigger[]
const WAKE_OUTCOMES = ['ready', 'failed', 'timeout'] as const
const SLEEP_REASONS = ['idle', 'operator', 'unneeded'] as const satisfies readonly SleepReason[]
const SLEEP_OUTCOMES = ['stopped', 'failed'] as const

/** The methods of RFC 9110 section 9.3 and PATCH; a client can invent others without end, so they share one label. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE'])
/** The service of a request no route matched, and every label value that is not one of a fixed list. */
export const OTHER = '_other'

const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
/** A wake takes 10 ms (unpause) to minutes (a Java app on a small board): the longest start_timeout people set is 5 m. */
const WAKE_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300]
const PROVIDER_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

type Family = Counter | Histogram
type Labels = Readonly<Record<string, string>>

/** One service's series in every family that is counted up here, and the way to take them all away again. */
export class ServiceSeries implements ServiceMetrics {
  readonly #families: Families
  readonly #service: string
  readonly #duration: { observe(seconds: number): void }
  /** How each series is removed, by family and labels: prom-client removes by exact labels only. */
  readonly #created = new Map<Family, Map<string, Labels>>()
  /** Requests since the last scrape, by method and then by code and start: one addition a request, labels at the scrape. */
  readonly #requests = new Map<string, Map<number, number>>()
  #streams = 0
  #removed = false

  constructor(families: Families, service: string) {
    this.#families = families
    this.#service = service
    this.#duration = families.requestDuration.labels(this.#own(families.requestDuration, {}))
  }

  finish(method: string, code: number, cold: boolean, seconds: number): void {
    if (this.#removed) return
    const known = METHODS.has(method) ? method : OTHER
    let byCode = this.#requests.get(known)
    if (byCode === undefined) this.#requests.set(known, (byCode = new Map()))
    const key = code * 2 + (cold ? 1 : 0)
    byCode.set(key, (byCode.get(key) ?? 0) + 1)
    this.#duration.observe(seconds)
  }

  streamOpened(): void {
    this.#streams++
  }

  streamClosed(): void {
    this.#streams--
  }

  get streams(): number {
    return this.#streams
  }

  retry(reason: string): void {
    this.count(this.#families.retries, { reason })
  }

  upstreamError(reason: string): void {
    this.count(this.#families.upstreamErrors, { reason })
  }

  count(family: Counter, labels: Labels, by = 1): void {
    if (!this.#removed) family.inc(this.#own(family, labels), by)
  }

  observe(family: Histogram, labels: Labels, seconds: number): void {
    if (!this.#removed) family.observe(this.#own(family, labels), seconds)
  }

  /**
   * Makes the counters whose labels are few appear at 0: rate() and alerts need the zero before the first event. Histograms come
   * with their first observation: at 160 lines a service, 1,000 services that sleep made a scrape of 16 MB.
   */
  zero(): void {
    const { wakes, sleeps, sleepsPostponed } = this.#families
    this.count(sleepsPostponed, {}, 0)
    for (const trigger of TRIGGERS) {
      for (const outcome of WAKE_OUTCOMES) this.count(wakes, { trigger, outcome }, 0)
    }
    for (const reason of SLEEP_REASONS) {
      for (const outcome of SLEEP_OUTCOMES) this.count(sleeps, { reason, outcome }, 0)
    }
  }

  /** Moves the requests counted since the last scrape into their series. */
  flush(): void {
    for (const [method, byCode] of this.#requests) {
      for (const [key, requests] of byCode) {
        const status = key >> 1
        const code = status >= 100 && status <= 599 ? String(status) : OTHER
        const start = (key & 1) === 1 ? 'cold' : 'warm'
        this.count(this.#families.requests, { method, code, start }, requests)
      }
      byCode.clear()
    }
  }

  /** Takes every series away, and makes late reports (an exchange that outlives its service) do nothing. */
  remove(): void {
    this.#removed = true
    for (const [family, sets] of this.#created) {
      for (const labels of sets.values()) family.remove(labels)
    }
  }

  #own(family: Family, labels: Labels): Labels {
    const own = { service: this.#service, ...labels }
    const sets = this.#created.get(family)
    if (sets === undefined) this.#created.set(family, new Map([[Object.values(own).join(), own]]))
    else sets.set(Object.values(own).join(), own)
    return own
  }
}

export type Families = ReturnType<typeof createFamilies>

export function createFamilies(registry: Registry) {
  const of = (name: string, help: string, labelNames: string[] = ['service']) => ({
    name: `wakedock_${name}`,
    help,
    labelNames,
    registers: [registry],
  })
  return {
    requests: new Counter(
      of('requests_total', 'Requests answered; start is cold for one that waited for a wake.', [
        'service',
        'method',
        'code',
        'start',
      ]),
    ),
    requestDuration: new Histogram({
      ...of('request_duration_seconds', 'From the first byte of the request to the end of the exchange.'),
      buckets: REQUEST_BUCKETS,
    }),
    inFlight: new Gauge(of('requests_in_flight', 'Requests and streams that use the service now.')),
    streams: new Gauge(of('streams_active', 'Upgraded connections and event streams open now.')),
    held: new Gauge(of('held_requests', 'Requests that wait for the service now.')),
    holdDuration: new Histogram({
      ...of('hold_duration_seconds', 'How long requests waited for the service, by what became of them.', [
        'service',
        'outcome',
      ]),
      buckets: WAKE_BUCKETS,
    }),
    wakes: new Counter(of('wakes_total', 'Wakes that have ended.', ['service', 'trigger', 'outcome'])),
    wakeDuration: new Histogram({
      ...of('wake_duration_seconds', 'Phases of the wakes that ended ready.', ['service', 'phase']),
      buckets: WAKE_BUCKETS,
    }),
    sleeps: new Counter(of('sleeps_total', 'Sleeps that have ended.', ['service', 'reason', 'outcome'])),
    sleepsPostponed: new Counter(
      of('sleeps_postponed_total', 'Idle sleeps put off because the service works (busy).'),
    ),
    state: new Gauge(of('service_state', '1 for the state the service is in.', ['service', 'state'])),
    pinned: new Gauge(of('service_pinned', '1 while an operator keeps it awake, with or without an end.')),
    kept: new Gauge(
      of('service_kept', '1 for what wants it awake although nobody uses it; no series while nothing does.', [
        'service',
        'keep',
      ]),
    ),
    failure: new Gauge(
      of('service_failure', '1 for why its last wake or stop failed; no series while nothing is wrong.', [
        'service',
        'reason',
      ]),
    ),
    awake: new Counter(of('service_awake_seconds_total', 'Time the service spent awake.')),
    lastActivity: new Gauge(
      of(
        'service_last_activity_timestamp_seconds',
        'End of the last request; 0: none since WakeDock started.',
      ),
    ),
    retries: new Counter(
      of('upstream_retries_total', 'Exchanges tried on a second connection.', ['service', 'reason']),
    ),
    upstreamErrors: new Counter(
      of('upstream_errors_total', 'Exchanges that the upstream failed.', ['service', 'reason']),
    ),
    providerRequests: new Histogram({
      ...of('provider_requests_duration_seconds', 'Calls to the API of a provider.', [
        'provider',
        'operation',
      ]),
      buckets: PROVIDER_BUCKETS,
    }),
    providerUp: new Gauge(of('provider_up', '1 while the provider answers.', ['provider'])),
    webhooks: new Counter(of('webhooks_total', 'Events for webhooks, by what became of them.', ['outcome'])),
    reloadOk: new Gauge(
      of('config_last_reload_successful', '1 if the config was accepted when last read.', []),
    ),
    reloadTime: new Gauge(
      of('config_last_reload_success_timestamp_seconds', 'When the config was last accepted.', []),
    ),
    build: new Gauge(of('build_info', '1, labelled with the version that runs.', ['version'])),
  }
}
