/** What Prometheus scrapes: names, label values, zeros from the start, and nothing left of a removed service. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import type { ServiceSnapshot } from '../src/domain/gate.ts'
import { TargetError } from '../src/errors.ts'
import { createMetrics, type Metrics } from '../src/metrics.ts'
import { FAILURE, NOW, snapshot } from './helpers/fake-control.ts'

function setup(...snapshots: ServiceSnapshot[]) {
  const list = [...snapshots]
  const metrics = createMetrics({ version: '1.2.3', control: { list: () => list }, wallTime: () => NOW })
  for (const { name } of snapshots) metrics.observer({ type: 'service_added', service: name })
  return { metrics, list }
}

/** The scrape as a map from `name{labels}` to value, WakeDock's own series only. */
async function series(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line.startsWith('wakedock_'))
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}

t.test('everything of a configured service is there, at zero, before anything happens', async (t) => {
  const { metrics } = setup(snapshot('blog'))
  const all = await series(metrics)
  for (const [name, value] of [
    ['wakedock_requests_in_flight{service="blog"}', 0],
    ['wakedock_streams_active{service="blog"}', 0],
    ['wakedock_held_requests{service="blog"}', 0],
    ['wakedock_wakes_total{service="blog",trigger="external",outcome="timeout"}', 0],
    ['wakedock_wakes_total{service="blog",trigger="dependent",outcome="ready"}', 0],
    ['wakedock_wakes_total{service="blog",trigger="pin",outcome="ready"}', 0],
    ['wakedock_wakes_total{service="blog",trigger="schedule",outcome="ready"}', 0],
    ['wakedock_sleeps_total{service="blog",reason="operator",outcome="failed"}', 0],
    ['wakedock_sleeps_total{service="blog",reason="unneeded",outcome="stopped"}', 0],
    ['wakedock_sleeps_postponed_total{service="blog"}', 0],
    ['wakedock_service_pinned{service="blog"}', 0],
    ['wakedock_service_state{service="blog",state="asleep"}', 1],
    ['wakedock_service_state{service="blog",state="failed"}', 0],
    ['wakedock_service_awake_seconds_total{service="blog"}', 0],
    ['wakedock_service_last_activity_timestamp_seconds{service="blog"}', 0],
    ['wakedock_config_last_reload_successful', 1],
    ['wakedock_config_last_reload_success_timestamp_seconds', NOW / 1000],
    ['wakedock_build_info{version="1.2.3"}', 1],
  ] as const) {
    t.equal(all.get(name), value, name)
  }
})

t.test('a service that has done nothing yet costs a scrape no histogram', async (t) => {
  const all = await series(setup(snapshot('blog')).metrics)
  t.strictSame(
    [...all.keys()].filter((name) => /_(bucket|sum|count)\{.*service="blog"/.test(name)),
    [],
  )
})

t.test('requests are counted by method, code and start, over several scrapes', async (t) => {
  const { metrics } = setup(snapshot('blog'))
  const blog = metrics.forService('blog')
  blog.finish('GET', 200, false, 0.002)
  blog.finish('GET', 200, false, 0.002)
  blog.finish('POST', 502, true, 1.5)
  await series(metrics)
  blog.finish('GET', 200, false, 0.002)
  const all = await series(metrics)
  t.equal(all.get('wakedock_requests_total{service="blog",method="GET",code="200",start="warm"}'), 3)
  t.equal(all.get('wakedock_requests_total{service="blog",method="POST",code="502",start="cold"}'), 1)
  t.equal(all.get('wakedock_request_duration_seconds_count{service="blog"}'), 4)
  t.equal(all.get('wakedock_request_duration_seconds_bucket{le="1",service="blog"}'), 3)
})

t.test('a client cannot make label values', async (t) => {
  const { metrics } = setup(snapshot('blog'))
  metrics.forService('blog').finish('PROPFIND', 999, false, 0.1)
  metrics.forService('blog').finish('BREW', 0, false, 0.1)
  metrics.unknownHost.finish('GET', 404, false, 0.1)
  const all = await series(metrics)
  t.equal(all.get('wakedock_requests_total{service="blog",method="_other",code="_other",start="warm"}'), 2)
  t.equal(all.get('wakedock_requests_total{service="_other",method="GET",code="404",start="warm"}'), 1)
})

t.test('wakes, sleeps and holds are counted from what happens in the core', async (t) => {
  const { metrics } = setup(snapshot('blog'))
  const wake = { type: 'wake_finished', service: 'blog', trigger: 'request', held: 0, retryIn: 0 } as const
  metrics.observer({ ...wake, outcome: 'ready', startMs: 200, readyMs: 1000, error: null })
  metrics.observer({ ...wake, outcome: 'ready', startMs: 0, readyMs: 1000, error: null })
  metrics.observer({ ...wake, outcome: 'failed', startMs: 7000, readyMs: 0, error: null })
  metrics.observer({
    type: 'sleep_finished',
    service: 'blog',
    reason: 'idle',
    outcome: 'stopped',
    tookMs: 10,
    error: null,
  })
  metrics.observer({ type: 'hold_ended', service: 'blog', outcome: 'timeout', heldMs: 60_000 })
  for (const cpu of [0.5, 0.4]) {
    metrics.observer({ type: 'sleep_postponed', service: 'blog', cpu, network: null, error: null })
  }
  const all = await series(metrics)
  t.equal(all.get('wakedock_wakes_total{service="blog",trigger="request",outcome="ready"}'), 2)
  t.equal(all.get('wakedock_wakes_total{service="blog",trigger="request",outcome="failed"}'), 1)
  t.equal(all.get('wakedock_wake_duration_seconds_sum{service="blog",phase="total"}'), 2.2)
  t.equal(
    all.get('wakedock_wake_duration_seconds_count{service="blog",phase="start"}'),
    1,
    'nothing was started',
  )
  t.equal(all.get('wakedock_sleeps_total{service="blog",reason="idle",outcome="stopped"}'), 1)
  t.equal(all.get('wakedock_hold_duration_seconds_sum{service="blog",outcome="timeout"}'), 60)
  t.equal(all.get('wakedock_sleeps_postponed_total{service="blog"}'), 2)
})

t.test('what mirrors state is what the core says at the scrape', async (t) => {
  const { metrics, list } = setup(snapshot('blog'))
  await series(metrics)
  const totals = { wakes: 1, failedWakes: 0, sleeps: 0, holds: 0, awakeMs: 90_500, asleepMs: 0 }
  list[0] = snapshot('blog', { state: 'awake', inFlight: 4, held: 2, lastActive: NOW, totals })
  const blog = metrics.forService('blog')
  blog.streamOpened()
  blog.streamOpened()
  blog.streamClosed()
  const all = await series(metrics)
  t.equal(all.get('wakedock_requests_in_flight{service="blog"}'), 4)
  t.equal(all.get('wakedock_held_requests{service="blog"}'), 2)
  t.equal(all.get('wakedock_streams_active{service="blog"}'), 1)
  t.equal(all.get('wakedock_service_state{service="blog",state="awake"}'), 1)
  t.equal(all.get('wakedock_service_state{service="blog",state="asleep"}'), 0)
  t.equal(all.get('wakedock_service_awake_seconds_total{service="blog"}'), 90.5)
  t.equal(
    (await series(metrics)).get('wakedock_service_awake_seconds_total{service="blog"}'),
    90.5,
    'not added up',
  )
  t.equal(all.get('wakedock_service_last_activity_timestamp_seconds{service="blog"}'), NOW / 1000)
})

t.test('what keeps it awake and why it failed are series while it is so', async (t) => {
  const { metrics, list } = setup(snapshot('blog'))
  const about = async () =>
    [...(await series(metrics))].filter(([name]) => /_(kept|failure|pinned)\{/u.test(name))
  t.strictSame(await about(), [['wakedock_service_pinned{service="blog"}', 0]])
  list[0] = snapshot('blog', { kept: 'schedule', pinned: { until: null }, failure: FAILURE })
  t.strictSame(await about(), [
    ['wakedock_service_pinned{service="blog"}', 1],
    ['wakedock_service_kept{service="blog",keep="schedule"}', 1],
    ['wakedock_service_failure{service="blog",reason="exited"}', 1],
  ])
  list[0] = snapshot('blog', { failure: { ...FAILURE, reason: 'dependency' } })
  t.strictSame(await about(), [
    ['wakedock_service_pinned{service="blog"}', 0],
    ['wakedock_service_failure{service="blog",reason="dependency"}', 1],
  ])
})

t.test('the containers of a stack have no series', async (t) => {
  const { metrics, list } = setup(snapshot('blog'), snapshot('blog/db', { state: 'awake', failure: FAILURE }))
  const part = { service: 'blog/db' } as const
  const wake = { type: 'wake_finished', trigger: 'dependent', held: 0, retryIn: 0, error: null } as const
  metrics.observer({ ...wake, ...part, outcome: 'ready', startMs: 1, readyMs: 1 })
  metrics.observer({ type: 'sleep_postponed', ...part, cpu: 1, network: null, error: null })
  t.equal(list.length, 2)
  t.notMatch(await metrics.render(), /blog\/db/u)
  metrics.observer({ type: 'service_removed', ...part })
  t.match(await metrics.render(), /service="blog"/u)
})

t.test('upstream trouble, providers and reloads', async (t) => {
  const { metrics } = setup(snapshot('blog'))
  metrics.forService('blog').retry('connect')
  metrics.forService('blog').upstreamError('reset')
  metrics.forService('blog').upstreamError('reset')
  metrics.providerRequest('docker', 'start', 0.2)
  metrics.observer({ type: 'provider_back', provider: 'process' })
  metrics.observer({
    type: 'provider_lost',
    provider: 'docker',
    error: new TargetError('unreachable', 'x', 'y'),
  })
  metrics.reload(false)
  const all = await series(metrics)
  t.equal(all.get('wakedock_upstream_retries_total{service="blog",reason="connect"}'), 1)
  t.equal(all.get('wakedock_upstream_errors_total{service="blog",reason="reset"}'), 2)
  t.equal(
    all.get('wakedock_provider_requests_duration_seconds_count{provider="docker",operation="start"}'),
    1,
  )
  t.equal(all.get('wakedock_provider_up{provider="docker"}'), 0)
  t.equal(all.get('wakedock_provider_up{provider="process"}'), 1)
  t.equal(all.get('wakedock_config_last_reload_successful'), 0)
  t.equal(all.get('wakedock_config_last_reload_success_timestamp_seconds'), NOW / 1000)
})

t.test('a removed service leaves no series, whatever still ends in it', async (t) => {
  const past = { kept: 'pin', pinned: { until: null }, failure: FAILURE } as const
  const { metrics, list } = setup(snapshot('blog', past), snapshot('shop'))
  const blog = metrics.forService('blog')
  const postponed = {
    type: 'sleep_postponed',
    service: 'blog',
    cpu: 1,
    network: null,
    error: null,
  } as const
  metrics.observer(postponed)
  blog.finish('GET', 200, true, 1)
  blog.retry('connect')
  blog.upstreamError('reset')
  await series(metrics)
  blog.finish('GET', 201, false, 1)
  list.shift()
  metrics.observer({ type: 'service_removed', service: 'blog' })
  blog.finish('GET', 200, false, 1)
  blog.upstreamError('late')
  metrics.observer(postponed)
  metrics.observer({ type: 'hold_ended', service: 'blog', outcome: 'shutdown', heldMs: 1 })
  const names = [...(await series(metrics)).keys()]
  t.same(
    names.filter((name) => name.includes('"blog"')),
    [],
  )
  t.ok(names.includes('wakedock_requests_in_flight{service="shop"}'))

  metrics.observer({ type: 'service_added', service: 'blog' })
  metrics.forService('blog').finish('GET', 200, false, 1)
  blog.finish('GET', 200, false, 1)
  const again = await series(metrics)
  t.equal(again.get('wakedock_requests_total{service="blog",method="GET",code="200",start="warm"}'), 1)
})

t.test('promtool finds nothing to say', async (t) => {
  const { metrics } = setup(snapshot('blog', { kept: 'pin', pinned: { until: null }, failure: FAILURE }))
  metrics.forService('blog').finish('GET', 200, true, 1)
  metrics.forService('blog').retry('connect')
  metrics.providerRequest('docker', 'start', 0.2)
  const result = spawnSync('promtool', ['check', 'metrics'], {
    input: await metrics.render(),
    encoding: 'utf8',
  })
  if (result.error !== undefined) return t.pass('not checked: promtool is not installed')
  t.equal(result.stdout + result.stderr, '')
  return t.equal(result.status, 0)
})

t.test('the Node process is in the scrape', async (t) => {
  const { metrics } = setup()
  const text = await metrics.render()
  t.match(text, /^process_resident_memory_bytes \d/mu)
  t.match(text, /^nodejs_heap_size_used_bytes \d/mu)
  t.match(metrics.contentType, /^text\/plain/u)
})
