/** The list of the dashboard in a real Chromium, around a fake core: what it shows, searching and sorting 500 services, keyboard, phone. */
import t from 'tap'
import { browserSkip, openBrowser } from '../helpers/browser.ts'
import { snapshot } from '../helpers/fake-control.ts'
import { focused, names, NOW, row } from './page.ts'
import { crowd, homelab, startScene } from './scene.ts'

const skip = browserSkip()

t.test('the list says of each service what there is to say', { skip }, async (t) => {
  const { page: address } = await startScene(t, homelab(NOW))
  const { page, faults } = await (await openBrowser(t)).page()
  await page.goto(address)
  await row(page, 'wiki').waitFor()
  const said = async (name: string): Promise<string> =>
    (await row(page, name).innerText()).replaceAll(/\s+/g, ' ')
  t.match(
    await said('blog'),
    /^blog blog\.example\.com awake 9 min 2 0 in use now 9 min ago took 1\.5 s Sleep$/,
  )
  t.match(await said('nextcloud'), /cloud\.example\.com \+1 awake .* 0 0 1[12]:\d\d 3 min ago/)
  t.match(await said('auth'), 'needed by blog and nextcloud')
  t.match(await said('media'), /Waits for transcoder\. waking .* 0 3 – now/)
  t.match(await said('photos'), /exit code 1 .* failed .* Wake$/)
  t.match(await said('wiki'), 'pinned until')
  t.match(await said('transcoder'), /asleep 21 h 0 0 – –/)
  t.match(
    await row(page, 'recipes').locator('svg.timeline').getAttribute('aria-label'),
    /^Awake \d+ % of the last 6 hours/,
  )
  t.match(await page.locator('.summary').innerText(), /Memory saved\s+3\.3 GiB/)
  t.equal(await page.title(), '(1 failed) WakeDock')
  t.same(faults, [])
})

t.test('500 services are searched and sorted, and only what has changed is drawn', { skip }, async (t) => {
  const { page: address, control } = await startScene(t, crowd(NOW, 500))
  const { page, faults } = await (await openBrowser(t)).page()
  await page.goto(address)
  await page.getByText('500 services').waitFor()
  t.same((await names(page)).slice(8, 11), ['app9', 'app10', 'app11'])
  await page.getByRole('searchbox').fill('app49 awake')
  await page.getByText('1 of 500 services').waitFor()
  t.same(await names(page), ['app494'])
  t.match(page.url(), '#/?q=app49+awake')
  await page.reload()
  await page.getByText('1 of 500 services').waitFor()
  t.equal(await page.getByRole('searchbox').inputValue(), 'app49 awake')
  await page.getByRole('searchbox').fill('nothing')
  await page.getByText('No service fits “nothing”').waitFor()
  await page.getByRole('button', { name: 'Show all services' }).click()
  await page.getByText('500 services').waitFor()

  await page.getByRole('button', { name: 'In flight' }).click()
  t.equal(await page.locator('th.flight').getAttribute('aria-sort'), 'ascending')
  t.equal(
    await row(page, (await names(page))[0] ?? '')
      .locator('.flight')
      .innerText(),
    '4',
  )
  await page.getByRole('button', { name: 'State' }).click()
  await page.locator('th.what[aria-sort=ascending]').waitFor()
  t.equal((await names(page))[0], 'app6', 'the failed ones first')
  await page.getByRole('button', { name: 'State' }).click()
  await page.locator('th.what[aria-sort=descending]').waitFor()
  t.match(page.url(), 'sort=-state')
  await page.getByRole('button', { name: 'Service' }).click()

  // Watched by the browser itself: which rows are touched when one service changes? What goes with the time is none of it.
  await page.evaluate(`{
    window.touched = new Set()
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const element = target.nodeType === 1 ? target : target.parentElement
        if (element.closest('time, svg.timeline') === null) window.touched.add(element.closest('tr')?.dataset.service)
      }
    }).observe(document.querySelector('tbody'), { subtree: true, childList: true, attributes: true, characterData: true })
  }`)
  control.snapshots[41] = snapshot('app42', { state: 'waking', since: Date.now() })
  await row(page, 'app42').getByText('waking').waitFor()
  t.same(await page.evaluate('[...window.touched]'), ['app42'])
  t.same(faults, [])
})

t.test('everything can be reached by keyboard, and the focus is not lost', { skip }, async (t) => {
  const { page: address, control } = await startScene(t, homelab(NOW))
  const { page, faults } = await (await openBrowser(t)).page()
  await page.goto(address)
  await row(page, 'wiki').waitFor()
  await page.keyboard.press('Tab')
  t.equal(await focused(page), 'Skip to the content')
  await page.keyboard.press('/')
  await page.keyboard.type('rec')
  await page.getByText('1 of 9 services').waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('9 services', { exact: true }).waitFor()
  t.equal(await page.getByRole('searchbox').inputValue(), '')

  await row(page, 'recipes').getByRole('link').focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'recipes' }).waitFor()
  t.equal(await focused(page), 'recipes', 'the heading of what was opened')
  await page.keyboard.press('Escape')
  await row(page, 'recipes').waitFor()
  t.equal(await focused(page), 'recipes')
  t.equal(await page.evaluate('document.activeElement.tagName'), 'A', 'the link that it was opened by')

  await row(page, 'blog').getByRole('button').focus()
  control.snapshots[0] = snapshot('blog', { state: 'awake', inFlight: 1 })
  await row(page, 'blog').locator('.flight').getByText('1').waitFor()
  t.equal(await focused(page), 'Sleep blog', 'still there after an update')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Put blog to sleep?' })
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  t.equal(await focused(page), 'Sleep blog')
  t.same(control.orders, [], 'nothing was ordered')
  t.same(faults, [])
})

t.test('on a phone the list is cards, and still a table to a screen reader', { skip }, async (t) => {
  const { page: address } = await startScene(t, homelab(NOW))
  const { page, faults } = await (
    await openBrowser(t)
  ).page({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
  await page.goto(address)
  await row(page, 'auth').waitFor()
  t.equal(await page.getByRole('table', { name: 'Services' }).getByRole('row').count(), 10)
  t.equal(await page.getByRole('rowheader', { name: 'auth' }).count(), 1)
  await page.getByLabel('Sort by').selectOption('state')
  t.equal((await names(page))[0], 'photos')
  await row(page, 'photos').getByRole('button').tap()
  await page.getByText('photos is awake').waitFor()
  t.same(faults, [])
})

t.test('the theme is that of the system, or the one that is chosen', { skip }, async (t) => {
  const { page: address } = await startScene(t, homelab(NOW))
  const { page } = await (await openBrowser(t)).page({ colorScheme: 'dark' })
  await page.goto(address)
  const ground = (): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor')
  t.equal(await ground(), 'rgb(17, 19, 24)')
  await page.getByLabel('Theme').selectOption('light')
  t.equal(await ground(), 'rgb(246, 247, 249)')
  await page.reload()
  t.equal(await ground(), 'rgb(246, 247, 249)')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.getByLabel('Theme').selectOption('dark')
  t.equal(await ground(), 'rgb(17, 19, 24)')
  await page.getByLabel('Theme').selectOption('auto')
  t.equal(await ground(), 'rgb(246, 247, 249)')
})
