/**
 * What somebody meets who opens a sleeping service in a browser: a real Chromium, a real WakeDock, a local process behind it that
 * is slow to start or does not start at all; with and without a real Caddy in between. No Docker is needed.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import t from 'tap'
import { request } from 'undici'
import { browserSkip, openBrowser } from '../helpers/browser.ts'
import { startDaemon, type Daemon } from '../helpers/daemon.ts'
import { until } from '../helpers/docker.ts'
import { folder, freePort, programSkip, startProgram, type Scope } from '../helpers/programs.ts'

const APP = fileURLToPath(new URL('../helpers/app.ts', import.meta.url))
const skip = browserSkip()

/** A service whose app runs when the test says so. Options in YAML. */
interface Slow {
  readonly waiting?: string
  readonly more?: string
  /** What becomes of a process that was not let go yet. Default: it waits. */
  readonly before?: 'wait' | 'end'
}

/** A daemon with the service "slow". `letGo`: its app may start. `secret`: a path that is nobody's business. */
async function openSlow(
  t: Scope,
  { waiting = '{ hold_first: 0s }', more = '', before = 'wait' }: Slow = {},
): Promise<{ readonly wakedock: Daemon; readonly letGo: () => Promise<void>; readonly secret: string }> {
  const file = join(await folder(t), 'go')
  const patience = { wait: `until test -f ${file}; do sleep 0.05; done`, end: `test -f ${file} || exit 1` }
  const run = ['sh', '-c', `${patience[before]}; exec ${process.execPath} ${APP}`]
  const wakedock = await startDaemon(t, {
    config: `services:
  slow:
    hosts: slow.localhost
    process: { command: ${JSON.stringify(run)} }
    port: ${await freePort()}
    waiting: ${waiting}
    ${more}`,
  })
  return { wakedock, letGo: () => writeFile(file, ''), secret: file }
}

/** Statuses of the documents that the page has been, and of its streams. */
function watch(page: Page): { readonly documents: number[]; readonly streams: number[] } {
  const seen = { documents: [] as number[], streams: [] as number[] }
  page.on('response', (response) => {
    if (response.url().includes('/.wakedock/')) seen.streams.push(response.status())
    else if (response.request().isNavigationRequest()) seen.documents.push(response.status())
  })
  return seen
}

t.test('a cold page is followed by the app, at the same address', { skip }, async (t) => {
  const { wakedock, letGo } = await openSlow(t)
  const browser = await openBrowser(t)
  const { page, context, faults } = await browser.page()
  const { documents, streams } = watch(page)
  const address = `http://slow.localhost:${wakedock.proxyPort}/headers?a=1&b=%2F#part`
  const first = await page.goto(address)
  t.equal(first?.status(), 503)
  t.equal(await page.locator('h1').textContent(), 'slow.localhost is starting')
  await page.getByText('is getting ready').waitFor()
  await letGo()
  await page.getByText('"rawHeaders"').waitFor()
  t.equal(page.url(), address)
  const seen: unknown = JSON.parse((await page.locator('pre').textContent()) ?? '')
  t.match(seen, { method: 'GET', url: '/headers?a=1&b=%2F' })
  t.same(documents, [503, 200], 'one load: the stream has said when')
  t.same(streams, [200])
  t.same(faults, [])
  t.same(await context.cookies(), [])
  // The app's own page may still be loading something, its icon say; the stream of the waiting page would stay.
  await until('nothing is in flight', async () => (await wakedock.service('slow')).in_flight === 0)
})

t.test('a failed wake is explained, and tried again until it works', { skip }, async (t) => {
  const { wakedock, letGo, secret } = await openSlow(t, {
    before: 'end',
    waiting: '{ title: "Our <b>wiki</b>" }',
  })
  const browser = await openBrowser(t)
  const { page, faults } = await browser.page()
  const { documents } = watch(page)
  const address = `http://slow.localhost:${wakedock.proxyPort}/boot?x#y`
  const first = await page.goto(address)
  await page.getByText('Our <b>wiki</b> could not be started').waitFor()
  await page.getByText('The service ended while it was starting.').waitFor()
  await page.getByText(/^This page tries again in \d+ s\.$/).waitFor()
  const html = (await first?.text()) ?? ''
  t.match(html, 'Our &lt;b&gt;wiki&lt;/b&gt;')
  for (const hidden of [secret, 'exit code', APP, 'process', '127.0.0.1'])
    t.notOk(html.includes(hidden), hidden)
  await letGo()
  await page.getByText('"startedAt"').waitFor()
  t.equal(page.url(), address)
  t.equal(documents[0], 503)
  t.equal(documents.at(-1), 200)
  t.same(faults, [])
})

t.test('without JavaScript the page loads again by itself', { skip }, async (t) => {
  const { wakedock, letGo } = await openSlow(t)
  const browser = await openBrowser(t)
  const { page } = await browser.page({ javaScriptEnabled: false })
  const { documents, streams } = watch(page)
  const address = `http://slow.localhost:${wakedock.proxyPort}/headers?a=1#part`
  await page.goto(address)
  // getByText() does not look into noscript.
  t.equal(await page.locator('noscript p').innerText(), 'This page loads again every few seconds.')
  await letGo()
  await page.getByText('"rawHeaders"').waitFor()
  // A server never learns of a fragment, and without a script nobody else can keep it.
  t.equal(page.url(), address.replace('#part', ''))
  t.equal(documents[0], 503)
  t.equal(documents.at(-1), 200)
  t.same(streams, [])
})

t.test('a French browser reads French', { skip }, async (t) => {
  const { wakedock, letGo } = await openSlow(t)
  const browser = await openBrowser(t)
  const { page, faults } = await browser.page({ locale: 'fr-CA' })
  await page.goto(`http://slow.localhost:${wakedock.proxyPort}/boot`)
  t.equal(await page.title(), 'slow.localhost démarre')
  t.equal(await page.evaluate('document.documentElement.lang'), 'fr')
  await page.getByText('Le service a démarré et se prépare.').waitFor()
  await letGo()
  await page.getByText('"startedAt"').waitFor()
  t.same(faults, [])
})

t.test('who finds no room to wait is told so, and let in with the others', { skip }, async (t) => {
  const { wakedock, letGo } = await openSlow(t, { waiting: '{ hold_first: 30s }', more: 'max_held: 1' })
  const browser = await openBrowser(t)
  const { page, faults } = await browser.page()
  const held = request(`http://${wakedock.proxy}/boot`, { headers: { host: 'slow.localhost' } })
  await wakedock.logged('the wake', ({ event }) => event === 'wake_started')
  await page.goto(`http://slow.localhost:${wakedock.proxyPort}/boot`)
  await page.getByText('Many are waiting for it already.').waitFor()
  await letGo()
  await page.getByText('"startedAt"').waitFor()
  t.equal((await held).statusCode, 200)
  t.same(faults, [])
})

t.test('through Caddy the wake is followed as live', { skip: skip || programSkip('caddy') }, async (t) => {
  const { wakedock, letGo } = await openSlow(t)
  const [home, port] = [await folder(t), await freePort()]
  const file = join(home, 'Caddyfile')
  await writeFile(
    file,
    `{
	admin off
	auto_https off
}
http://slow.localhost:${port} {
	encode zstd gzip
	reverse_proxy ${wakedock.proxy}
}
`,
  )
  const env = { HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home }
  const caddy = startProgram(t, 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], { env })
  await caddy.printed('serving initial configuration')
  const browser = await openBrowser(t)
  const { page, faults } = await browser.page()
  const { documents, streams } = watch(page)
  const address = `http://slow.localhost:${port}/boot?a=1#part`
  await page.goto(address)
  await page.getByText('is getting ready').waitFor()
  await letGo()
  await page.getByText('"startedAt"').waitFor()
  t.equal(page.url(), address)
  t.same(documents, [503, 200], 'one load: the stream has come through')
  t.same(streams, [200])
  t.same(faults, [])
})
