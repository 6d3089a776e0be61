/** The dashboard in a real Chromium, around a fake core: what happens is shown, what is ordered is asked for and answered, and a lost connection comes back. */
import t from 'tap'
import { browserSkip, openBrowser } from '../helpers/browser.ts'
import { until } from '../helpers/docker.ts'
import { snapshot } from '../helpers/fake-control.ts'
import { names, NOW, row } from './page.ts'
import { homelab, startScene } from './scene.ts'

const skip = browserSkip()

t.test('what happens is shown without being asked for', { skip }, async (t) => {
  const { page: address, control, feed } = await startScene(t, [snapshot('blog'), snapshot('shop')])
  const { page, faults } = await (await openBrowser(t)).page()
  await page.goto(address)
  await row(page, 'shop').waitFor()
  control.snapshots[0] = snapshot('blog', { state: 'awake', inFlight: 7, since: Date.now() })
  await row(page, 'blog').getByText('awake').waitFor()
  await row(page, 'blog').getByText('7').waitFor()
  control.snapshots.push(snapshot('added'))
  await row(page, 'added').waitFor()
  control.snapshots.splice(1, 1)
  await row(page, 'shop').waitFor({ state: 'detached' })
  await page.goto(`${address}#/services/blog`)
  feed.add({ type: 'target_changed', service: 'blog', what: 'was stopped by somebody else' })
  await page.getByText('Its target was stopped by somebody else.').waitFor()
  control.snapshots.splice(0)
  await page.getByText('There is no service blog').waitFor()
  await page.getByRole('link', { name: '← All services' }).click()
  await page.getByText('No service yet').waitFor()
  t.same(faults, [])
})

t.test('a sleep that somebody would notice is asked for first', { skip }, async (t) => {
  const { page: address, control } = await startScene(t, homelab(NOW))
  const { page, faults } = await (await openBrowser(t)).page()
  await page.goto(address)
  await row(page, 'blog').getByRole('button').click()
  await page.getByText('2 requests are under way.').waitFor()
  await page.getByRole('button', { name: 'Sleep when they end' }).click()
  await page.getByText('blog is asleep.').waitFor()
  await row(page, 'auth').getByRole('button').click()
  await page.getByText('blog and nextcloud need it.').waitFor()
  t.equal(
    await page.getByRole('button', { name: 'Sleep when they end' }).count(),
    0,
    'it cannot be waited for',
  )
  await page.getByRole('button', { name: 'Force it now' }).click()
  await page.getByText('auth is asleep.').waitFor()
  await row(page, 'nextcloud').getByRole('button').click()
  await page.getByText('nextcloud is asleep.').waitFor()
  t.same(control.orders, ['sleep blog', 'sleep auth force', 'sleep nextcloud'])
  t.same(faults, [])
})

t.test('an order that is refused says why, and what to do', { skip }, async (t) => {
  const { page: address, control } = await startScene(t, homelab(NOW))
  const failure = {
    reason: 'exited',
    message: 'It ended',
    hint: 'Look into its log.',
    at: NOW,
    retryAt: null,
  } as const
  control.result = (current) =>
    Promise.resolve({ done: false, why: 'The container ended', snapshot: { ...current, failure } })
  const { page, faults } = await (await openBrowser(t)).page()
  await page.goto(address)
  await row(page, 'recipes').getByRole('button').click()
  const outcome = page.locator('.outcome.bad')
  await outcome.getByText('recipes was not woken. The container ended. Look into its log.').waitFor()
  await outcome.getByRole('button', { name: 'Close' }).click()
  await outcome.waitFor({ state: 'detached' })
  t.same(faults, [])
})

t.test('what keeps the page from being live is said', { skip }, async (t) => {
  const { url } = await startScene(t, homelab(NOW))
  const { page } = await (await openBrowser(t)).page()
  // As a proxy in front does that passes on the name it is called by.
  await page.goto(url.replace('127.0.0.1', 'dock.localhost'))
  await page
    .getByText('Without tokens the admin API answers to localhost, 127.0.0.1 and [::1] only.')
    .waitFor()
})

t.test('a login in front of WakeDock is no obstacle, and its refusal no wrong token', { skip }, async (t) => {
  const { page: address } = await startScene(t, homelab(NOW))
  const { page, context, faults } = await (await openBrowser(t)).page()
  await context.addCookies([{ name: 'session', value: '1', url: address }])
  await page.route('**/api/v1/**', async (route) => {
    const { cookie } = await route.request().allHeaders()
    return cookie === 'session=1' ? route.continue() : route.fulfill({ status: 401, body: 'Log in first' })
  })
  await page.goto(address)
  await row(page, 'blog').waitFor()
  await context.clearCookies()
  await page.reload()
  await page.getByText('The answer was 401 Unauthorized. It is not one of WakeDock').waitFor()
  t.equal(await page.getByLabel('Token').count(), 0)
  t.same(faults, [])
})

t.test('behind another tab the title still says how many have failed', { skip }, async (t) => {
  const { page: address, control, feed } = await startScene(t, [snapshot('blog')])
  const { page, faults } = await (await openBrowser(t)).page()
  await page.goto(address)
  await row(page, 'blog').waitFor()
  await page.evaluate("Object.defineProperty(document, 'visibilityState', { value: 'hidden' })")
  control.snapshots[0] = snapshot('blog', { state: 'failed' })
  feed.add({ type: 'state', service: 'blog', from: 'waking', to: 'failed' })
  await until('the title says so', async () => (await page.title()) === '(1 failed) WakeDock')
  t.same(faults, [])
})

t.test('a lost connection is said, and comes back by itself', { skip }, async (t) => {
  const first = await startScene(t, homelab(NOW))
  const { page } = await (await openBrowser(t)).page()
  await page.goto(first.page)
  await page.getByText('Live', { exact: true }).waitFor()
  await first.server.close(0)
  await page.getByText('The connection to WakeDock is lost.').waitFor()
  t.ok(await row(page, 'blog').isVisible(), 'what was known stays')
  await row(page, 'recipes').getByRole('button').click()
  await page.getByText('recipes was not woken. WakeDock does not answer.').waitFor()
  first.feed.add({ type: 'slept', service: 'blog', cause: 'idle', tookMs: 31 })
  const listen = { kind: 'tcp', host: '127.0.0.1', port: Number(new URL(first.url).port) } as const
  const { feed } = first
  const again = page.waitForRequest(
    (asked) => asked.url().includes('/events') && 'last-event-id' in asked.headers(),
  )
  await startScene(t, homelab(NOW).slice(0, 2), { settings: { listen, tokens: [] }, feed })
  t.notMatch((await again).url(), 'replay', 'it goes on from where it was')
  await page.getByText('The connection to WakeDock is lost.').waitFor({ state: 'detached' })
  await row(page, 'recipes').waitFor({ state: 'detached' })
  t.same(await names(page), ['blog', 'nextcloud'])
  await row(page, 'blog').getByRole('link').click()
  await page.getByText('Asleep after 31 ms.').waitFor()
  t.equal(await page.locator('.events .slept').count(), 1, 'what happened meanwhile is told, once')
})
