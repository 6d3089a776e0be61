/**
 * The metrics as Prometheus takes them: scraped by a real one with a bearer token, and without a word from promtool. The
 * services are local processes, so that nothing but Prometheus is needed.
 */
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { request } from 'undici'
import { startDaemon, type Daemon } from '../helpers/daemon.ts'
import { until } from '../helpers/docker.ts'
import { folder, freePort, programSkip, runProgram, startProgram, type Scope } from '../helpers/programs.ts'

const skip = programSkip('prometheus', 'promtool')
const APP = fileURLToPath(new URL('../helpers/app.ts', import.meta.url))
const TOKEN = 'read-token-of-the-prometheus-test'

interface Scene {
  readonly wakedock: Daemon
  readonly tokenFile: string
  /** The status of a request through the proxy. */
  readonly ask: (service: string, path?: string, method?: 'GET' | 'POST') => Promise<number>
}

/** WakeDock with a service that works, one whose program ends at once, and a token that may read. */
async function scene(t: Scope): Promise<Scene> {
  const home = await folder(t)
  const tokenFile = join(home, 'token')
  await writeFile(tokenFile, `${TOKEN}\n`)
  await chmod(tokenFile, 0o600)
  const app = (env: string): string =>
    `process: { command: ["${process.execPath}", "${APP}"], env: { ${env} } }`
  const wakedock = await startDaemon(t, {
    config: `
admin:
  listen: 127.0.0.1:0
  tokens: [{ name: prometheus, token_file: "${tokenFile}", scope: read }]
defaults: { min_awake: 0s }
services:
  blog: { hosts: blog.test, ${app('')}, port: ${await freePort()}, idle_timeout: 300ms }
  broken: { hosts: broken.test, ${app('EXIT_AFTER_MS: "0"')}, port: ${await freePort()} }
`,
  })
  const ask: Scene['ask'] = async (service, path = '/', method = 'GET') => {
    const origin = `http://${wakedock.proxy}`
    const headers = { host: `${service}.test` }
    const { statusCode, body } = await request(`${origin}${path}`, { method, headers })
    await body.dump()
    return statusCode
  }
  return { wakedock, tokenFile, ask }
}

/** An instant query's answer (https://prometheus.io/docs/prometheus/latest/querying/api/). */
interface Answer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>
      readonly value: readonly [time: number, value: string]
    }[]
  }
}

t.test('Prometheus scrapes WakeDock with a token, and sees a wake', { skip }, async (t) => {
  const { wakedock, tokenFile, ask } = await scene(t)
  const [home, port] = [await folder(t), await freePort()]
  const config = join(home, 'prometheus.yml')
  await writeFile(
    config,
    `
global: { scrape_interval: 500ms, scrape_timeout: 500ms }
scrape_configs:
  - job_name: wakedock
    authorization: { credentials_file: "${tokenFile}" }
    static_configs: [{ targets: ["${new URL(wakedock.admin).host}"] }]
  - job_name: without-token
    static_configs: [{ targets: ["${new URL(wakedock.admin).host}"] }]
`,
  )
  t.match(await runProgram('promtool', ['check', 'config', config]), { code: 0, stderr: '' })

  startProgram(t, 'prometheus', [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(home, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  /** The values of a query now, by the label that tells them apart. */
  const query = async (expression: string, label: string): Promise<Record<string, string>> => {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`
    const { data } = (await (await request(url)).body.json()) as Answer
    return Object.fromEntries(data.result.map(({ metric, value }) => [metric[label], value[1]]))
  }
  /** Waits for these values: Prometheus's start and the next scrape take their time. */
  const shows = async (expression: string, label: string, wanted: Record<string, string>): Promise<void> => {
    let last: unknown
    const same = async (): Promise<boolean> => {
      last = await query(expression, label).catch(String)
      return isDeepStrictEqual(last, wanted)
    }
    // What it showed instead says more than that time has passed.
    await until(expression, same, 30_000).catch(() => undefined)
    t.same(last, wanted, expression)
  }

  await shows('up', 'job', { wakedock: '1', 'without-token': '0' })
  await shows('wakedock_wakes_total{service="blog",outcome="ready"}', 'trigger', {
    request: '0',
    operator: '0',
    external: '0',
    dependent: '0',
    pin: '0',
    schedule: '0',
  })
  t.equal(await ask('blog'), 200)
  await wakedock.logged('its sleep', ({ event, service }) => event === 'sleep_finished' && service === 'blog')
  await shows('wakedock_wakes_total{service="blog",trigger="request",outcome="ready"}', 'service', {
    blog: '1',
  })
  await shows('wakedock_sleeps_total{service="blog",reason="idle",outcome="stopped"}', 'service', {
    blog: '1',
  })
  await shows('wakedock_requests_total{service="blog"}', 'start', { cold: '1' })
  await shows('wakedock_service_state{service="blog"} == 1', 'state', { asleep: '1' })
})

t.test('promtool has nothing to say about a scrape after everything has happened', { skip }, async (t) => {
  const { wakedock, ask } = await scene(t)
  // Together, so that there is one wake and one sleep however slow the machine is.
  t.same(await Promise.all([ask('blog', '/echo', 'POST'), ask('blog', '/status?code=404')]), [200, 404])
  t.equal(await ask('broken'), 502)
  t.equal(await ask('nowhere'), 404)
  await wakedock.logged('a sleep', ({ event, service }) => event === 'sleep_finished' && service === 'blog')

  const headers = { authorization: `Bearer ${TOKEN}` }
  const { statusCode, body } = await request(`${wakedock.admin}/metrics`, { headers })
  const scrape = await body.text()
  t.equal(statusCode, 200)
  for (const series of [
    'wakedock_requests_total{service="blog",method="POST",code="200",start="cold"} 1',
    'wakedock_wakes_total{service="broken",trigger="request",outcome="failed"} 1',
    'wakedock_requests_total{service="_other",method="GET",code="404",start="warm"} 1',
    'wakedock_sleeps_total{service="blog",reason="idle",outcome="stopped"} 1',
  ]) {
    t.ok(scrape.split('\n').includes(series), series)
  }
  t.same(await runProgram('promtool', ['check', 'metrics'], { input: scrape }), {
    code: 0,
    stdout: '',
    stderr: '',
  })
})
