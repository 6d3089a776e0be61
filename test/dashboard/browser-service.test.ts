/** One service and the config in the dashboard, in a real Chromium around a fake core. */
import t from 'tap'
import { TOKENS } from '../helpers/admin.ts'
import { browserSkip, openBrowser } from '../helpers/browser.ts'
import { NOW, REFUSED } from './page.ts'
import { homelab, startScene } from './scene.ts'

const skip = browserSkip()

t.test('a service shows why it failed, what it needs and what it is made of', { skip }, async (t) => {
  const { page: address } = await startScene(t, homelab(NOW))
  const { page, faults } = await (await openBrowser(t)).page()
  await page.goto(`${address}#/services/photos`)
  const notice = page.getByRole('region', { name: 'What failed' })
  t.match(
    await notice.innerText(),
    /exit code 1 while it was starting\.\s+See its log; then wake it again\.\s+It failed at .* try again in 0:\d\d/,
  )
  await page.goto(`${address}#/services/nextcloud`)
  await page.getByRole('heading', { name: 'Parts' }).waitFor()
  t.match(await page.locator('.parts-list').innerText(), /app[^]*db[^]*healthy[^]*redis/)
  await page.goto(`${address}#/services/media`)
  await page.getByText('Waits for transcoder.').waitFor()
  await page.getByRole('link', { name: 'transcoder' }).click()
  await page.getByRole('heading', { level: 1, name: 'transcoder' }).waitFor()
  await page.getByText('No wake has been seen since WakeDock started.').waitFor()
  await page.goto(`${address}#/services/blog`)
  await page.getByText('As a table').click()
  t.ok((await page.locator('.figures tbody tr').count()) > 10)
  await page.getByText('Awake after 1.5 s.').waitFor()
  await page.getByRole('button', { name: '24 h' }).click()
  t.match(await page.locator('.times .sum').innerText(), 'of the last 24 hours')
  t.same(faults, [])
})

t.test('logs are paused, filtered, and closed to those who may only read', { skip }, async (t) => {
  const { page: address } = await startScene(t, homelab(NOW), { tokens: TOKENS })
  const browser = await openBrowser(t)
  const { page, faults } = await browser.page()
  await page.goto(`${address}#/services/blog/logs`)
  await page.getByLabel('Token').fill('operate-secret')
  await page.keyboard.press('Enter')
  await page.getByText('Following.').waitFor()
  await page.locator('.log-line').nth(41).waitFor()
  await page.getByRole('searchbox').fill('slow')
  await page.getByText('6 of 42 lines fit.').waitFor()
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('Paused.').waitFor()
  t.equal(await page.getByRole('button', { name: 'Pause' }).getAttribute('aria-pressed'), 'true')
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByLabel('Token').fill('read-secret')
  await page.keyboard.press('Enter')
  await page.getByText('This token may not read logs').waitFor()
  t.same(faults, [])
})

t.test('what is wrong with WakeDock itself is on every view', { skip }, async (t) => {
  const problem = 'connect ECONNREFUSED. Start Docker.'
  const { page: address } = await startScene(t, homelab(NOW), {
    config: { ...REFUSED, document: () => Promise.resolve({ services: { blog: { container: 'ghost' } } }) },
    health: { ready: () => ({ ok: false, problems: [] }), providers: () => [{ name: 'docker', problem }] },
  })
  const { page, faults } = await (await openBrowser(t)).page()
  for (const view of ['', '#/services/blog', '#/config']) {
    await page.goto('about:blank')
    await page.goto(`${address}${view}`)
    await page.getByText(`docker does not answer. ${problem}`).waitFor()
    await page.getByText('wakedock.yaml:5:5 fault 5').waitFor()
    t.notOk(await page.getByText('fault 6').isVisible(), 'the rest is folded away')
    await page.getByText('2 more faults').click()
    t.ok(await page.getByText('fault 6').isVisible())
  }
  await page.getByText('services.wiki.port is 80').waitFor()
  await page.getByText('"container": "ghost"').waitFor()
  t.same(faults, [])
})
