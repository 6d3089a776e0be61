/**
 * The composition root: builds the parts, reloads them and closes them in reverse. The map of the house:
 *
 *   Caddy ──▶ proxy ──▶ route table ──▶ activator ──▶ lifecycle (pure)
 *               │                          │  ▲
 *               ▼                          ▼  │ events: started, ready, died, stopped, tick …
 *           upstream ◀── pools ◀── provider (docker │ process)  +  probe
 *
 * Logs, metrics and the admin API are projections of the core's events and snapshots. Nothing but this file knows
 * more than one of the adapters.
 */
import type { ReloadOutcome } from './admin/config-routes.ts'
import { viewEvent } from './admin/event-view.ts'
import { createAdminServer } from './admin/server.ts'
import { clock } from './clock.ts'
import { resolveServices, wantedOf } from './config/discover.ts'
import { inheritable } from './config/inheritable.ts'
import { formatFault } from './config/load.ts'
import type { Settings } from './config/settings.ts'
import { parsePositiveDuration } from './config/units.ts'
import { Activator } from './domain/activator.ts'
import { createFeed } from './domain/feed.ts'
import { createFootprint } from './domain/footprint.ts'
import { createHistory } from './domain/history.ts'
import type { DomainEvent, FoundContainer } from './domain/ports.ts'
import { RouteTable } from './domain/route-table.ts'
import type { RunningDaemon, StartOptions } from './cli/serve.ts'
import { createAccessLog, logObserver, logReload } from './log.ts'
import { createUpstreamLog } from './log-upstreams.ts'
import { createMetrics } from './metrics.ts'
import { createProbe } from './probe/probe.ts'
import { createDockerProvider } from './provider/docker/provider.ts'
import { createProcessProvider } from './provider/process/provider.ts'
import { createProviders } from './provider/providers.ts'
import { compileIgnore } from './proxy/ignore.ts'
import { createPools } from './proxy/pools.ts'
import type { RouteMatch } from './proxy/route-match.ts'
import { createProxyServer } from './proxy/server.ts'
import { createConfigRecord } from './reload-record.ts'
import { describeChange, needsRestart } from './reload.ts'
import { createWebhooks } from './webhook/webhooks.ts'

/**
 * Milliseconds. A SYN to an address that is not up yet is sent again by the kernel only after a second; whoever gives up
 * sooner asks sooner, and the answer is one retry away.
 */
const CONNECT_TIMEOUT = 1_000

/**
 * Milliseconds. So long the first request may wait for the first list of what stacks and labelled services are made of, without
 * which there would be no route to it; a Docker that hangs does not keep everything else from being served.
 */
const FIRST_LIST = 2_000

/** Which provider has to answer for a service to work. */
const PROVIDER_OF = { container: 'docker', group: 'docker', process: 'process', url: null } as const

export async function startDaemon(options: StartOptions): Promise<RunningDaemon> {
  const { log, version, load, env } = options
  let { settings } = options
  /** What each provider said last: null, it answers; else why not. */
  const providers = new Map<string, string | null>()
  let closing = false

  const pools = createPools({ connectTimeout: CONNECT_TIMEOUT, clock })
  const metrics = createMetrics({ version, control: { list: () => activator.list() } })
  const feed = createFeed({ clock })
  const history = createHistory(clock)
  const record = createConfigRecord(options, () => settings, clock)
  const webhooks = createWebhooks({
    feed,
    clock,
    version,
    log,
    view: viewEvent,
    counted: (outcome) => metrics.webhook(outcome),
  })
  webhooks.update(settings.webhooks)
  const tellLog = logObserver(log)
  const docker = createDockerProvider({
    ...settings.docker,
    clock,
    called: (operation, seconds) => metrics.providerRequest('docker', operation, seconds),
  })
  const provider = createProviders({
    container: docker,
    process: createProcessProvider({
      clock,
      scope: settings.file,
      env: () => inheritable(env, settings),
      log: (service, stream, line) => log.info({ event: 'output', service, stream }, `${service}: ${line}`),
    }),
  })
  const activator = new Activator({
    clock,
    provider,
    probe: createProbe({
      dispatcher: (upstream) => pools.dispatcher(upstream),
      health: (upstream, signal) => docker.runHealthcheck(upstream, signal),
    }),
    observe,
    maxHeld: () => settings.limits.heldRequests,
  })

  const footprint = createFootprint({ clock, memory: (target) => provider.memory(target) })

  function observe(event: DomainEvent): void {
    if (event.type === 'upstream_serving') pools.serve(event.upstream)
    if (event.type === 'upstream_retired') pools.retire(event.upstream)
    if (event.type === 'provider_lost') {
      providers.set(event.provider, `${event.error.message}. ${event.error.hint}`)
      listed.resolve()
    }
    if (event.type === 'provider_back') providers.set(event.provider, null)
    metrics.observer(event)
    history.observer(event)
    footprint.observer(event)
    tellLog(event)
    // Last: who follows it may look at what the others have made of the event.
    feed.observer(event)
  }

  /** What Docker has listed of what stacks and labels ask for. */
  let found: readonly FoundContainer[] = []
  /** Settles when that is known for the first time, or cannot be for now. */
  const listed = Promise.withResolvers<void>()
  /** What has been said of it, so that it is said once. */
  let warned = new Set<string>()
  let routes = takeOver(settings)

  /** Puts the services in force, those that Docker knows of included, and makes the table that leads to them. */
  function takeOver(next: Settings): RouteTable<RouteMatch> {
    const { services, warnings } = resolveServices(next, found)
    for (const warning of warnings) if (!warned.has(warning)) log.warn({ event: 'discovery' }, warning)
    warned = new Set(warnings)
    activator.configure(services)
    const current = activator.list()
    history.resync(current)
    footprint.resync(current)
    const wanted = wantedOf(next)
    if (wanted === null) listed.resolve()
    docker.discover(
      wanted,
      (containers) => {
        found = containers
        if (!closing) routes = takeOver(settings)
        listed.resolve()
      },
      ({ message, hint }) => {
        log.error({ event: 'discovery' }, `the containers of Docker cannot be listed: ${message}. ${hint}`)
        listed.resolve()
      },
    )
    return new RouteTable<RouteMatch>(
      services
        .filter(({ part }) => !part)
        .map(({ name, routes: of, ignore }) => {
          const ignores = ignore && compileIgnore(ignore)
          const same = { gate: activator.gate(name), metrics: metrics.forService(name), ignores }
          return { routes: of, match: (prefix) => ({ ...same, prefix }) }
        }),
    )
  }

  const proxy = createProxyServer({
    listen: settings.listen,
    trustedProxies: settings.trustedProxies,
    heldBodyMemory: settings.limits.heldBodyMemory,
    route: (host, path) => routes.lookup(host, path),
    pools,
    connectTimeout: CONNECT_TIMEOUT,
    clock,
    log,
    unrouted: metrics.unknownHost,
    failed: createUpstreamLog(log, clock),
    waiting: {
      estimate: (service) => history.estimate(service),
      follow: (listener) => feed.follow(listener),
    },
    ...(settings.log.access && { access: createAccessLog(log) }),
  })
  const admin = createAdminServer({
    settings: settings.admin,
    control: activator,
    insight: provider,
    metrics,
    feed,
    history,
    footprint,
    health: { ready, providers: usedProviders },
    config: {
      ...record,
      validate: () => record.validate(load, objection),
      reload: () => reload('the admin API'),
    },
    serves: (host) => routes.serves(host),
    readDuration: parsePositiveDuration,
    clock,
    version,
    log,
  })

  function usedProviders(): { name: string; problem: string | null }[] {
    const used = new Set(activator.list().map(({ service }) => PROVIDER_OF[service.target.kind]))
    return [...used].flatMap((name) => {
      if (name === null) return []
      const problem = providers.get(name)
      return [{ name, problem: problem === undefined ? `${name} has not answered yet` : problem }]
    })
  }

  function ready(): { ok: boolean; problems: string[] } {
    const problems = usedProviders().flatMap(({ problem }) => problem ?? [])
    return { ok: problems.length === 0, problems }
  }

  async function reload(trigger: string): Promise<ReloadOutcome> {
    const config = await load()
    const outcome = config.ok
      ? change(config.settings)
      : { ok: false as const, faults: config.faults.map(formatFault) }
    if (config.ok) for (const warning of config.warnings) log.warn({ event: 'config' }, formatFault(warning))
    if (config.ok && outcome.ok) record.taken(config.text, config.warnings)
    else if (!outcome.ok) record.refused(outcome.faults)
    metrics.reload(outcome.ok)
    logReload(log, trigger, outcome)
    feed.add(
      outcome.ok
        ? { type: 'reloaded', by: trigger, changed: outcome.changed }
        : { type: 'reload_refused', by: trigger, faults: outcome.faults },
    )
    return outcome
  }

  /** Why a sound config cannot take the place of the one in force; null: it can. */
  function objection(next: Settings): string | null {
    // Its new services would wake for requests on the connections that are still open.
    if (closing) return 'WakeDock is shutting down; start it again to use the new config'
    return admin.objection(next.admin)
  }

  /** All or nothing: what can refuse comes first. */
  function change(next: Settings): ReloadOutcome {
    const refusal = objection(next)
    if (refusal !== null) return { ok: false, faults: [refusal] }
    const before = settings
    settings = next
    admin.update(next.admin)
    log.level = next.log.level
    webhooks.update(next.webhooks)
    routes = takeOver(next)
    proxy.update({ trustedProxies: next.trustedProxies, heldBodyMemory: next.limits.heldBodyMemory })
    for (const key of needsRestart(before, next)) {
      log.warn({ event: 'config', key }, `${key} has changed; it takes effect when WakeDock is started again`)
    }
    return { ok: true, changed: describeChange(before, next) }
  }

  async function close(): Promise<void> {
    closing = true
    footprint.close()
    // Whoever waits is told to come back, and whoever is being served may finish, within the longest of the deadlines.
    const deadline = Math.max(0, ...activator.list().map(({ service }) => service.drainTimeout))
    activator.close()
    await proxy.close(deadline)
    await Promise.all([admin.close(), provider.close(), pools.close(), webhooks.close()])
  }

  try {
    const timer = clock.setTimer(FIRST_LIST, listed.resolve)
    await listed.promise
    timer.cancel()
    return { addresses: { proxy: await proxy.listen(), admin: await admin.listen() }, reload, close }
  } catch (error) {
    await close()
    throw error
  }
}
