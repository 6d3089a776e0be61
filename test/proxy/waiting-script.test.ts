/**
 * What the waiting page does in a real browser, with a server that a test turns by hand: it says what the page and its stream say,
 * and counts how often the page is loaded. The browser's clock is the test's, but where loads are paced.
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { Page } from 'playwright-core'
import t from 'tap'
import type { ErrorCode } from '../../src/errors.ts'
import { tell, waitingAnswer } from '../../src/proxy/waiting-page.ts'
import type { WaitingView } from '../../src/proxy/waiting-view.ts'
import type { Language } from '../../src/proxy/waiting-words.ts'
import type { Waiting } from '../../src/domain/service.ts'
import { accessibilityFaults, browserSkip, openBrowser } from '../helpers/browser.ts'
import type { Scope } from '../helpers/programs.ts'
import { eventually, portOf } from './wire.ts'

const skip = browserSkip()
const VIEW: WaitingView = {
  phase: 'starting',
  elapsed: 4_000,
  estimate: 12_000,
  retryIn: 8_000,
  reason: null,
}
const FAILED: WaitingView = { ...VIEW, phase: 'failed', elapsed: 0, retryIn: 17_000, reason: 'not_ready' }

/** A host that shows the page of `view` until `app` is set, and then an app's. */
async function openHost(t: Scope) {
  const streams = new Set<ServerResponse>()
  const host = {
    view: VIEW,
    language: 'en' as Language,
    theme: 'auto' as Waiting['theme'],
    code: 'WAKEDOCK_WAKE_TIMEOUT' as ErrorCode,
    app: false,
    /** What the stream is answered with. */
    streamStatus: 200,
    /** Paths and queries of loads, and when each came. */
    loads: [] as string[],
    at: [] as number[],
    streams,
    /** Paths of the streams' pages. */
    followed: [] as string[],
    event(view: WaitingView): void {
      const told = tell({ view, title: 'Our blog', language: host.language })
      for (const res of streams) res.write(`event: state\ndata: ${JSON.stringify(told)}\n\n`)
    },
    url: '',
  }
  const server = createServer((req, res) => {
    const url = req.url ?? ''
    if (url.startsWith('/.wakedock/')) {
      host.followed.push(new URLSearchParams(url.split('?')[1]).get('path') ?? '')
      res.writeHead(host.streamStatus, { 'content-type': 'text/event-stream' })
      if (host.streamStatus !== 200) {
        res.end()
        return
      }
      streams.add(res)
      res.on('close', () => streams.delete(res))
      res.write('retry: 2000\n\n')
      return
    }
    host.loads.push(url)
    host.at.push(performance.now())
    if (host.app) {
      res
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<title>App</title><link rel=icon href=data:,><h1>The app itself</h1>')
      return
    }
    const { status, headers, body } = waitingAnswer(
      { view: host.view, title: 'Our blog', language: host.language },
      { path: url, theme: host.theme, code: host.code },
    )
    res.writeHead(status, headers).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  host.url = `http://blog.localhost:${portOf(server)}`
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return host
}

/** Its time passes only when a test says so. */
async function stopTime(page: Page): Promise<void> {
  await page.clock.install({ time: 0 })
  await page.clock.pauseAt(1_000)
}

t.test('the waiting page in a browser', { skip }, async (t) => {
  const browser = await openBrowser(t)

  await t.test('says each phase once, and opens the same address when it is ready', async (t) => {
    const host = await openHost(t)
    const { page, faults } = await browser.page()
    await stopTime(page)
    await page.goto(`${host.url}/a%20b/c?x=1&y=%2F#part`)
    await eventually(() => host.streams.size === 1)
    t.same(host.followed, ['/a%20b/c'])
    t.equal(await page.title(), 'Our blog is starting')
    // How often what a screen reader would say has changed.
    await page.evaluate(`globalThis.said = []
      new MutationObserver(() => said.push(document.querySelector('[role=status]').textContent))
        .observe(document.querySelector('[role=status]'), { childList: true, characterData: true, subtree: true })`)
    t.equal(await page.locator('[aria-live], [role=status], [role=alert]').count(), 1, 'one live region')
    await page.clock.runFor(3_000)
    t.equal(await page.locator('.time').textContent(), '7 s · usually about 12 s')
    host.event({ ...VIEW, elapsed: 7_100 })
    host.event({ ...VIEW, phase: 'waiting', elapsed: 7_200 })
    await page.getByText('is getting ready').waitFor()
    t.equal(await page.locator('[aria-current=step]').textContent(), 'Get ready')
    host.event({ ...VIEW, phase: 'waiting', elapsed: 7_500 })
    await page.clock.runFor(2_000)
    t.same(await page.evaluate('said'), ['The service has started and is getting ready.'])
    t.equal(host.loads.length, 1)
    host.app = true
    host.event({ ...VIEW, phase: 'ready' })
    await page.getByText('The app itself').waitFor()
    t.equal(page.url(), `${host.url}/a%20b/c?x=1&y=%2F#part`)
    t.same(host.loads, ['/a%20b/c?x=1&y=%2F', '/a%20b/c?x=1&y=%2F'])
    await eventually(() => host.streams.size === 0)
    t.same(faults, [])
  })

  await t.test('the bar is full of what is known, and of nothing past the estimate', async (t) => {
    const host = await openHost(t)
    const { page } = await browser.page()
    await stopTime(page)
    await page.goto(host.url)
    const value = (): Promise<string | null> => page.locator('progress').getAttribute('value')
    await page.clock.runFor(2_000)
    t.equal(Number(await value()), 6_000)
    await page.clock.runFor(6_000)
    t.equal(await value(), null)
    host.event({ ...VIEW, phase: 'waiting', elapsed: 12_500 })
    await page.getByText('is getting ready').waitFor()
    t.equal(await value(), null)
    t.match(await page.locator('.time').textContent(), /^13 s/)
  })

  await t.test('after a failure it counts down, and tries again by itself', async (t) => {
    const host = await openHost(t)
    host.view = FAILED
    const { page, faults } = await browser.page()
    await stopTime(page)
    await page.goto(`${host.url}/x?y#z`)
    t.equal(await page.locator('h1').textContent(), 'Our blog could not be started')
    t.equal(await page.locator('#n').textContent(), 'This page tries again in 17 s.')
    await page.clock.runFor(10_000)
    t.equal(await page.locator('#n').textContent(), 'This page tries again in 7 s.')
    t.notOk(await page.locator('progress').isVisible())
    t.equal(host.loads.length, 1)
    host.app = true
    await page.clock.runFor(7_000)
    await page.getByText('The app itself').waitFor()
    t.equal(page.url(), `${host.url}/x?y#z`)
    t.same(faults, [])
  })

  await t.test('a failure that somebody else has ended is followed like any wake', async (t) => {
    const host = await openHost(t)
    host.view = FAILED
    const { page } = await browser.page()
    await stopTime(page)
    await page.goto(host.url)
    await eventually(() => host.streams.size === 1)
    host.event(VIEW)
    await page.getByText('is being started').waitFor()
    await page.clock.runFor(30_000)
    t.equal(host.loads.length, 1)
    t.equal(await page.locator('#n').textContent(), '')
  })

  await t.test('a service that sleeps again is woken by a load', async (t) => {
    const host = await openHost(t)
    const { page } = await browser.page()
    await stopTime(page)
    await page.goto(host.url)
    await eventually(() => host.streams.size === 1)
    host.event({ ...VIEW, phase: 'asleep', retryIn: 1_000 })
    await page.getByText('gone back to sleep').waitFor()
    host.app = true
    await page.clock.runFor(1_000)
    await page.getByText('The app itself').waitFor()
  })

  await t.test('without its stream, or when that falls silent, it asks by loading', async (t) => {
    for (const [name, streamStatus, pass] of [
      ['refused', 503, 8_000],
      ['nobody there', 404, 8_000],
      ['silent', 200, 45_500],
    ] as const) {
      const host = await openHost(t)
      host.streamStatus = streamStatus
      const { page } = await browser.page()
      await stopTime(page)
      await page.goto(host.url)
      await eventually(() => host.followed.length === 1)
      // The refusal reaches the script in its own time.
      await page.evaluate(`fetch("/.wakedock/again").then(() => 0)`)
      const before = host.loads.length
      await page.clock.runFor(pass - 1_000)
      t.equal(host.loads.length, before, name)
      host.app = true
      await page.clock.runFor(1_500)
      await page.getByText('The app itself').waitFor()
    }
  })

  await t.test('it never loads faster than once a second', async (t) => {
    const host = await openHost(t)
    host.view = { ...VIEW, phase: 'ready', retryIn: 1_000 }
    const { page } = await browser.page()
    await page.goto(host.url)
    await eventually(() => host.loads.length >= 4)
    // The first is at once, and each one after it comes a second after the one before. A bound from below: no slow machine breaks it.
    t.ok((host.at[3] ?? 0) - (host.at[0] ?? 0) > 1_950)
    host.app = true
    await page.getByText('The app itself').waitFor()
  })

  await t.test("a page from the browser's cache of pages is loaded anew", async (t) => {
    const host = await openHost(t)
    const { page } = await browser.page()
    await page.goto(host.url)
    host.app = true
    await page.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }))`)
    t.equal(host.loads.length, 1)
    await page.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`)
    await page.getByText('The app itself').waitFor()
  })

  await t.test('axe-core finds nothing, and nothing is wider than the screen', async (t) => {
    const host = await openHost(t)
    const views: [string, Partial<typeof host>][] = [
      ['known', { view: VIEW }],
      ['unknown', { view: { ...VIEW, estimate: null, phase: 'needs' } }],
      ['past', { view: { ...VIEW, phase: 'waiting', elapsed: 20_000 } }],
      ['failed', { view: FAILED }],
      ['full', { code: 'WAKEDOCK_HOLD_QUEUE_FULL' }],
    ]
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, faults } = await browser.page({
        colorScheme,
        viewport: { width: 360, height: 640 },
        reducedMotion: 'reduce',
      })
      for (const [name, changes] of views)
        for (const language of colorScheme === 'light' ? (['en', 'fr'] as const) : (['fr'] as const)) {
          Object.assign(host, { view: VIEW, code: 'WAKEDOCK_WAKE_TIMEOUT' }, changes, { language })
          await page.goto(host.url)
          t.same(await accessibilityFaults(page), [], `${name} ${language} ${colorScheme}`)
          t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
          t.equal(await page.evaluate('document.documentElement.lang'), language)
        }
      t.same(faults, [])
    }
    for (const theme of ['light', 'dark'] as const) {
      Object.assign(host, { view: VIEW, theme, language: 'en' })
      const { page } = await browser.page({ colorScheme: theme === 'light' ? 'dark' : 'light' })
      await page.goto(host.url)
      t.equal(await page.evaluate('getComputedStyle(document.documentElement).colorScheme'), theme)
      t.same(await accessibilityFaults(page), [], theme)
    }
  })

  await t.test('whoever wants no motion gets none', async (t) => {
    const host = await openHost(t)
    host.view = { ...VIEW, estimate: null }
    for (const [reducedMotion, animations] of [
      ['reduce', 0],
      ['no-preference', 2],
    ] as const) {
      const { page } = await browser.page({ reducedMotion })
      await page.goto(host.url)
      t.equal(await page.evaluate('document.getAnimations().length'), animations, reducedMotion)
    }
  })
})
