/**
 * The first minutes with WakeDock: `npm start`, two addresses in a browser, Ctrl-C. It is examples/quickstart as it is,
 * with its fixed ports; only for the sleep is there a copy of it that does not take 30 seconds.
 */
import { cp, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { browserSkip, openBrowser } from '../helpers/browser.ts'
import { startDaemon, type Daemon } from '../helpers/daemon.ts'
import { until } from '../helpers/docker.ts'
import { folder, follow, freePort, isFree, type Scope } from '../helpers/programs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EXAMPLE = join(ROOT, 'examples/quickstart')
const HEADINGS = { hello: 'hello is awake', slow: 'slow is awake' } as const

/** Asks for a service's page, checks it, and returns the id of the process that has made it. */
async function visit(t: Test, proxy: string, name: keyof typeof HEADINGS): Promise<number> {
  const { statusCode, headers, body } = await request(`http://${proxy}/`, {
    headers: { host: `${name}.localhost` },
  })
  const page = await body.text()
  t.equal(statusCode, 200)
  t.match(page, `<h1>${HEADINGS[name]}</h1>`)
  const [, held = '0'] = /^wake;dur=([\d.]+)$/u.exec(String(headers['server-timing'])) ?? []
  // Timers count whole milliseconds, and may be one early.
  t.ok(Number(held) >= (name === 'slow' ? 4_999 : 0), `${name} was held for its boot: ${held} ms`)
  const [, pid = ''] = /Process (\d+) was started/u.exec(page) ?? []
  t.match(pid, /^\d+$/u)
  return Number(pid)
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

t.test('npm start shows two services that wake, and Ctrl-C leaves nothing behind', async (t) => {
  for (const port of [8080, 9090, 8101, 8102]) {
    if (await isFree(port)) continue
    throw new Error(
      `port ${port} of 127.0.0.1 is taken: end what listens there (ss -ltnp), the demo needs it`,
    )
  }
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  // As npm runs it: through sh, in the project's folder, with its programs first.
  const env = { PATH: [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter) }
  const demo = follow(t, 'npm start', ['/bin/sh', '-c', scripts.start], { cwd: ROOT, env, group: true })
  await demo.printed('http://slow.localhost:8080')
  await demo.printed('the admin API and the metrics are on http://127.0.0.1:9090')

  const pids = await Promise.all([visit(t, '127.0.0.1:8080', 'hello'), visit(t, '127.0.0.1:8080', 'slow')])
  t.same(pids.map(lives), [true, true])
  const list = await request('http://127.0.0.1:9090/api/v1/services')
  t.match(await list.body.json(), { services: [{ state: 'awake' }, { state: 'awake' }] })

  // A terminal sends it to the whole foreground group.
  await demo.end('SIGINT')
  if (!t.equal(demo.process.exitCode, 0)) t.comment(demo.output())
  t.same(pids.map(lives), [false, false], 'its services have ended with it')
})

/** The example in a folder of its own: on free ports, and with an idle timeout that a test can wait for. */
async function brief(t: Scope): Promise<Daemon> {
  const home = await folder(t)
  await cp(join(EXAMPLE, 'app.js'), join(home, 'app.js'))
  let config = await readFile(join(EXAMPLE, 'wakedock.yaml'), 'utf8')
  for (const [from, to] of [
    ['127.0.0.1:8080', '127.0.0.1:0'],
    ['127.0.0.1:9090', '127.0.0.1:0'],
    ['port: 8101', `port: ${await freePort()}`],
    ['port: 8102', `port: ${await freePort()}`],
    ['idle_timeout: 30s', 'idle_timeout: 1s\n  min_awake: 0s'],
  ] as const) {
    if (!config.includes(from)) throw new Error(`examples/quickstart/wakedock.yaml no longer has "${from}"`)
    config = config.replace(from, to)
  }
  return startDaemon(t, { config, folder: home })
}

t.test('both services go to sleep when nobody asks for them, and wake again', async (t) => {
  const demo = await brief(t)
  const first = await Promise.all([visit(t, demo.proxy, 'hello'), visit(t, demo.proxy, 'slow')])
  for (const name of ['hello', 'slow']) {
    const asleep = await until(`${name} is asleep`, async () => {
      const view = await demo.service(name)
      return view.state === 'asleep' && view
    })
    t.match(asleep, { last_sleep: { reason: 'idle' }, totals: { wakes: 1, sleeps: 1 } })
  }
  t.same(first.map(lives), [false, false], 'asleep is not running')
  t.not(await visit(t, demo.proxy, 'hello'), first[0], 'another process answers')
})

const skip = browserSkip()
t.test('a browser that opens the slow one sees it start, and then its page', { skip }, async (t) => {
  const demo = await brief(t)
  t.equal((await demo.service('slow')).state, 'asleep')
  const browser = await openBrowser(t)
  const { page, faults } = await browser.page()
  const address = `http://slow.localhost:${demo.proxyPort}/?page=1#there`
  await page.goto(address)
  t.equal(await page.getByRole('heading').textContent(), 'slow.localhost is starting')
  await page.getByRole('heading', { name: HEADINGS.slow }).waitFor()
  t.equal(page.url(), address)
  t.strictSame(faults, [])
})
