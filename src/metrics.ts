/**
 * What Prometheus sees, all of it: the names of design/interface.md, on a registry of our own. Made from the core's
 * events, from what the proxy reports at the end of an exchange, and, for everything that mirrors state, from the core
 * itself at the moment of the scrape: a gauge that is kept beside the state it shows will one day disagree with it.
 *
 * Label values come from the config file or from small fixed lists, never from a client.
 */
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Control } from './domain/gate.ts'
import type { DomainEvent, Observer } from './domain/ports.ts'
import { createFamilies, OTHER, ServiceSeries, type Families, type ServiceMetrics } from './metrics-series.ts'

export type { ServiceMetrics }

const WEBHOOK_OUTCOMES = ['delivered', 'failed', 'dropped'] as const
type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number]

export interface Metrics {
  readonly observer: Observer
  /** Bound once per service and reload, not per request. All its series exist, at 0, from here on. */
  forService(name: string): ServiceMetrics
  /** Requests no route matched. */
  readonly unknownHost: ServiceMetrics
  /** A call to a provider's API has ended. */
  providerRequest(provider: string, operation: string, seconds: number): void
  /** The config was read again: taken, or refused. */
  reload(ok: boolean): void
  /** An event has been delivered to a webhook, given up, or dropped because too many waited. */
  webhook(outcome: WebhookOutcome): void
  /** The text of a scrape. */
  render(): Promise<string>
  /** Content-Type of that text. */
  readonly contentType: string
}

export interface MetricsOptions {
  readonly version: string
  /** Asked at every scrape, and not before. */
  readonly control: Pick<Control, 'list'>
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallTime?: () => number
}

/** The containers of a stack ("blog/db") have no series: their names need not be in the config, and the stack has its own. */
const isPart = (name: string): boolean => name.includes('/')

const STATES = ['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'] as const

export function createMetrics(options: MetricsOptions): Metrics {
  const { version, control, wallTime = Date.now } = options
  const registry = new Registry()
  const families = createFamilies(registry)
  // The event-loop monitor samples with a timer; its default of 10 ms would wake an idle machine 100 times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  for (const kind of ['handles', 'requests', 'resources']) {
    // Gauges under a counter's name, which `promtool check metrics` refuses; the same figures exist by type.
    registry.removeSingleMetric(`nodejs_active_${kind}_total`)
  }

  const services = new Map<string, ServiceSeries>()
  const unknownHost = new ServiceSeries(families, OTHER)

  const forService = (name: string): ServiceSeries => {
    const known = services.get(name)
    if (known !== undefined) return known
    const series = new ServiceSeries(families, name)
    series.zero()
    services.set(name, series)
    return series
  }

  const reload = (ok: boolean): void => {
    families.reloadOk.set(ok ? 1 : 0)
    if (ok) families.reloadTime.set(wallTime() / 1000)
  }

  const observer: Observer = (event) => {
    if (event.type === 'provider_lost' || event.type === 'provider_back') {
      families.providerUp.set({ provider: event.provider }, event.type === 'provider_back' ? 1 : 0)
    } else if (event.type === 'service_added') {
      if (!isPart(event.service)) forService(event.service)
    } else if (event.type === 'service_removed') {
      services.get(event.service)?.remove()
      services.delete(event.service)
    } else {
      // What a service still does after its removal (its holds end) must not bring its series back.
      const series = services.get(event.service)
      if (series !== undefined) record(families, series, event)
    }
  }

  families.build.set({ version }, 1)
  for (const outcome of WEBHOOK_OUTCOMES) families.webhooks.inc({ outcome }, 0)
  reload(true)

  return {
    observer,
    forService,
    unknownHost,
    reload,
    webhook: (outcome) => families.webhooks.inc({ outcome }),
    providerRequest(provider, operation, seconds) {
      families.providerRequests.observe({ provider, operation }, seconds)
    },
    render() {
      unknownHost.flush()
      for (const series of services.values()) series.flush()
      mirror(families, control, services)
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}

function record(families: Families, series: ServiceSeries, event: DomainEvent): void {
  if (event.type === 'wake_finished') {
    const { trigger, outcome, startMs, readyMs } = event
    series.count(families.wakes, { trigger, outcome })
    // A wake that failed says nothing about how long a wake takes, and its time is the timeout.
    if (outcome !== 'ready') return
    if (startMs > 0) series.observe(families.wakeDuration, { phase: 'start' }, startMs / 1000)
    series.observe(families.wakeDuration, { phase: 'ready' }, readyMs / 1000)
    series.observe(families.wakeDuration, { phase: 'total' }, (startMs + readyMs) / 1000)
  } else if (event.type === 'sleep_finished') {
    series.count(families.sleeps, { reason: event.reason, outcome: event.outcome })
  } else if (event.type === 'sleep_postponed') {
    series.count(families.sleepsPostponed, {})
  } else if (event.type === 'hold_ended') {
    series.observe(families.holdDuration, { outcome: event.outcome }, event.heldMs / 1000)
  }
}

/** Takes over what the core says now. Emptied first, so that nothing of a removed service stays. */
function mirror(
  families: Families,
  control: Pick<Control, 'list'>,
  services: ReadonlyMap<string, ServiceSeries>,
): void {
  const { inFlight, streams, held, state, pinned, kept, failure, awake, lastActivity } = families
  for (const family of [inFlight, streams, held, state, pinned, kept, failure, awake, lastActivity]) {
    family.reset()
  }
  for (const snapshot of control.list()) {
    const series = services.get(snapshot.name)
    if (series === undefined) continue
    const service = { service: snapshot.name }
    inFlight.set(service, snapshot.inFlight)
    streams.set(service, series.streams)
    held.set(service, snapshot.held)
    for (const name of STATES) state.set({ ...service, state: name }, name === snapshot.state ? 1 : 0)
    pinned.set(service, snapshot.pinned === null ? 0 : 1)
    if (snapshot.kept !== null) kept.set({ ...service, keep: snapshot.kept }, 1)
    if (snapshot.failure !== null) failure.set({ ...service, reason: snapshot.failure.reason }, 1)
    awake.inc(service, snapshot.totals.awakeMs / 1000)
    lastActivity.set(service, (snapshot.lastActive ?? 0) / 1000)
  }
}
