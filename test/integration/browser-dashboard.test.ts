/**
 * The dashboard in a real Chromium in front of a real WakeDock with local processes behind it: every order is carried out, what
 * happens is live, logs follow, and a bad reload is a banner until the file is good again. No Docker is needed.
 */
import { fileURLToPath } from 'node:url'
import type { Locator, Page } from 'playwright-core'
import t from 'tap'
import { request } from 'undici'
import { browserSkip, openBrowser, type TestPage } from '../helpers/browser.ts'
import { startDaemon, type Daemon } from '../helpers/daemon.ts'
import { freePort, type Scope } from '../helpers/programs.ts'

const APP = fileURLToPath(new URL('../helpers/app.ts', import.meta.url))
const skip = browserSkip()
const [OPERATE, READ] = ['operate-token-of-the-dashboard-test', 'read-token-of-the-dashboard-test']

/** Says "tick 1", "tick 2" … on its standard output, and then serves. */
const TALKER = `let n = 0; setInterval(() => console.log('tick', ++n), 100); await import(${JSON.stringify(APP)})`

interface Opened extends TestPage {
  readonly wakedock: Daemon
  /** The config, with more at its end. */
  readonly config: (more?: string) => string
}

async function open(t: Scope, head = ''): Promise<Opened> {
  const node = (...args: string[]): string => JSON.stringify([process.execPath, ...args])
  const text = `${head}
services:
  blog: { hosts: blog.test, process: { command: ${node(APP)} }, port: ${await freePort()}, idle_timeout: 1h, min_awake: 0s }
  talker: { hosts: talker.test, process: { command: ${node('--input-type=module', '-e', TALKER)} }, port: ${await freePort()} }
  broken: { hosts: broken.test, process: { command: ${node('-e', 'process.exit(3)')} }, port: ${await freePort()} }
  far: { hosts: far.test, url: "http://127.0.0.1:9" }
`
  const config = (more = ''): string => `${text}${more}`
  const wakedock = await startDaemon(t, { config: config() })
  const opened = await (await openBrowser(t)).page()
  await opened.page.goto(wakedock.admin)
  return { ...opened, wakedock, config }
}

const row = (page: Page, name: string): Locator => page.locator(`tr[data-service="${name}"]`)
const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true })
/** What is said of an order. */
const told = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator('.outcome').getByText(text).waitFor()

t.test('a service is woken, used, pinned and put to sleep', { skip }, async (t) => {
  const { page, faults, wakedock } = await open(t)
  await button(page, 'Wake blog').click()
  await told(page, /^blog is awake\. Its last wake took [\d.]+ m?s\.$/)
  await row(page, 'blog').getByText('awake').waitFor()
  t.equal((await wakedock.service('blog')).state, 'awake')

  await row(page, 'blog').getByRole('link').click()
  await button(page, 'Keep awake for 1 h').click()
  await told(page, /^blog is kept awake until \d\d:\d\d\.$/)
  await page.getByText(/^pinned until \d\d:\d\d$/).waitFor()
  await button(page, 'Keep awake for 8 h').click()
  await button(page, 'Keep awake until unpinned').click()
  await told(page, 'blog is kept awake until it is unpinned.')
  t.match(await wakedock.service('blog'), { pinned: true, pinned_until: null })
  await button(page, 'Unpin').click()
  await told(page, 'blog is no longer pinned')
  await page.getByText(/^sleeps in/).waitFor()
  t.equal((await wakedock.service('blog')).pinned, false)

  await button(page, 'Sleep blog').click()
  await told(page, 'blog is asleep.')
  await page.getByText(/^Asleep after/).waitFor()
  await page.getByText(/^Going to sleep: somebody ordered it\.$/).waitFor()
  await page.locator('.chart g.ready').waitFor({ state: 'attached' })
  t.equal((await wakedock.service('blog')).state, 'asleep')
  t.same(faults, [])
})

t.test('a request is cut only by somebody who was asked', { skip }, async (t) => {
  const { page, faults, wakedock } = await open(t)
  const stream = await request(`http://${wakedock.proxy}/sse?events=0`, { headers: { host: 'blog.test' } })
  const cut = stream.body.dump({ limit: Number.MAX_SAFE_INTEGER }).catch(() => undefined)
  await row(page, 'blog').locator('.flight').getByText('1').waitFor()
  await button(page, 'Sleep blog').click()
  await page.getByText('1 request is under way.').waitFor()
  await button(page, 'Sleep when they end').click()
  await row(page, 'blog').getByText('draining').waitFor()
  await page.locator('tr[data-service="blog"] .do button').click()
  await button(page, 'Force it now').click()
  await told(page, 'blog is asleep.')
  await cut
  t.equal((await wakedock.service('blog')).state, 'asleep')
  t.same(faults, [])
})

t.test('a wake that fails says why, and what to do', { skip }, async (t) => {
  const { page, faults } = await open(t)
  await button(page, 'Wake broken').click()
  await told(page, /^broken was not woken\..*exit code 3/)
  await row(page, 'broken').getByText('failed', { exact: true }).waitFor()
  await row(page, 'broken').getByRole('link').click()
  const notice = page.getByRole('region', { name: 'What failed' })
  t.match(await notice.innerText(), /exit code 3[^]*It failed at/)
  await page.getByText(/^Could not be woken: .*exit code 3/).waitFor()
  await page.locator('.chart g.failed').waitFor({ state: 'attached' })
  t.same(faults, [])
})

t.test('what happens elsewhere is live, and what is only proxied has no orders', { skip }, async (t) => {
  const { page, faults, wakedock } = await open(t)
  await row(page, 'blog').getByText('asleep').waitFor()
  const answer = await request(`http://${wakedock.proxy}/`, { headers: { host: 'blog.test' } })
  await answer.body.dump()
  await row(page, 'blog').getByText('awake').waitFor()
  t.match(await row(page, 'blog').locator('.rest').innerText(), /^(?:59:\d\d|1:00:00)$/)
  t.match(await row(page, 'far').innerText(), 'always on')
  t.equal(await row(page, 'far').getByRole('button').count(), 0)
  await row(page, 'far').getByRole('link').click()
  await page.getByRole('link', { name: 'Logs' }).click()
  await page.getByText('No log here').waitFor()
  t.same(faults, [])
})

t.test('a log is followed, paused and filtered', { skip }, async (t) => {
  const { page, faults, wakedock } = await open(t)
  await page.goto(`${wakedock.admin}/#/services/talker/logs`)
  await page.getByText('Following. Nothing has been printed yet.').waitFor()
  t.equal((await wakedock.service('talker')).state, 'asleep', 'reading wakes nothing')
  await button(page, 'Wake talker').click()
  await page.locator('.log-line').getByText('tick 5', { exact: true }).waitFor()
  await button(page, 'Pause').click()
  const paused = await page.locator('.log-line').count()
  await page.getByText(/^\d+ new lines since$/).waitFor()
  t.equal(await page.locator('.log-line').count(), paused)
  await button(page, 'Pause').click()
  await page.locator('.log-line').nth(paused).waitFor()
  await page.getByRole('searchbox').fill('tick 3')
  await page.getByText(/of \d+ lines fit/).waitFor()
  t.ok((await page.locator('.log-line .text').allTextContents()).every((text) => text.startsWith('tick 3')))
  t.same(faults, [])
})

t.test('faults of a config are a banner until it is good again', { skip }, async (t) => {
  const { page, faults, wakedock, config } = await open(t)
  await row(page, 'blog').waitFor()
  await wakedock.rewrite(config('  wiki: { hosts: wiki.test, url: "http://127.0.0.1:9", idle_timeut: 5m }\n'))
  const banner = page.getByRole('region', { name: 'The config was refused' })
  await banner.getByText(/services\.wiki\.idle_timeut is not an option; did you mean/).waitFor()
  await banner.getByRole('button', { name: 'Check the file' }).click()
  await told(page, /^The file has \d fault/)
  await banner.getByRole('button', { name: 'Reload' }).click()
  await told(page, 'The config has faults, so the one before stays in force:')
  t.equal(await row(page, 'wiki').count(), 0)

  await wakedock.rewrite(config('  wiki: { hosts: wiki.test, url: "http://127.0.0.1:9" }\n'))
  await row(page, 'wiki').waitFor()
  await banner.waitFor({ state: 'detached' })
  await page.getByRole('link', { name: 'Config' }).click()
  await page.getByText('"wiki.test"').waitFor()
  await button(page, 'Check the file').click()
  await told(page, 'The file is good. A reload would change nothing.')
  await button(page, 'Reload').click()
  await told(page, 'The config was reloaded')
  t.same(faults, [])
})

t.test('tokens: a wrong one, one that may read, one that may do all', { skip }, async (t) => {
  const { page, faults } = await open(
    t,
    `admin:
  listen: 127.0.0.1:0
  tokens: [{ name: a, token: "${OPERATE}", scope: operate }, { name: b, token: "${READ}", scope: read }]`,
  )
  const logIn = async (token: string): Promise<void> => {
    await page.getByLabel('Token').fill(token)
    await button(page, 'Log in').click()
  }
  await logIn('wrong')
  await page.getByRole('alert').getByText('The token is not one of admin.tokens.').waitFor()
  await logIn(READ)
  await row(page, 'blog').waitFor()
  await page.getByText('read only').waitFor()
  t.equal(await row(page, 'blog').getByRole('button').count(), 0)
  await page.getByRole('link', { name: 'Config' }).click()
  await page.getByText('"blog.test"').waitFor()
  t.notMatch(await page.content(), OPERATE)
  await button(page, 'Log out').click()
  await logIn(OPERATE)
  await page.getByText('"blog.test"').waitFor()
  t.notMatch(await page.content(), OPERATE)
  await page.getByRole('link', { name: 'Services' }).click()
  await button(page, 'Wake blog').click()
  await told(page, /^blog is awake/)
  t.same(faults, [])
})

t.test('when WakeDock ends and comes back the page goes on', { skip }, async (t) => {
  const { page, wakedock, config } = await open(t)
  await row(page, 'blog').waitFor()
  const port = new URL(wakedock.admin).port
  await wakedock.end()
  await page.getByText('The connection to WakeDock is lost.').waitFor()
  const next = await startDaemon(t, {
    config: `admin: { listen: "127.0.0.1:${port}" }\n${config('  late: { hosts: late.test, url: "http://127.0.0.1:9" }\n')}`,
  })
  await row(page, 'late').waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  await button(page, 'Wake blog').click()
  await told(page, /^blog is awake/)
  t.equal((await next.service('blog')).state, 'awake')
})
