/** Tokens in the dashboard, in a real Chromium: asked for, explained, and kept nowhere but in the tab. */
import t from 'tap'
import { TOKENS } from '../helpers/admin.ts'
import { browserSkip, openBrowser } from '../helpers/browser.ts'
import { NOW, REFUSED, row } from './page.ts'
import { homelab, startScene } from './scene.ts'

const skip = browserSkip()

t.test('a token is asked for, explained when wrong, and kept in the tab only', { skip }, async (t) => {
  const { page: address } = await startScene(t, homelab(NOW), { tokens: TOKENS, config: REFUSED })
  const { page, context, faults } = await (await openBrowser(t)).page()
  await page.goto(address)
  await page.getByRole('heading', { name: 'Log in to WakeDock' }).waitFor()
  await page.getByLabel('Token').fill('wrong-secret')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('The token is not one of admin.tokens.').waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Log in' }).waitFor()
  await page.getByLabel('Token').fill('wrong‑secret')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('That is no token:').waitFor()
  await page.reload()
  await page.getByLabel('Token').fill('read-secret')
  await page.keyboard.press('Enter')
  await row(page, 'wiki').waitFor()
  await page.getByText('read only').waitFor()
  for (const name of [/^Wake/, /^Sleep/, 'Reload', 'Check the file'])
    t.equal(await page.getByRole('button', { name }).count(), 0, `${String(name)} is not offered`)
  await page.reload()
  await row(page, 'wiki').waitFor()
  t.same(await context.cookies(), [])
  t.equal(await page.evaluate('JSON.stringify(localStorage)'), '{}')
  t.notMatch(await page.content(), 'read-secret')
  const other = await context.newPage()
  await other.goto(address)
  await other.getByLabel('Token').waitFor()
  // A page behind another one draws nothing.
  await other.close()
  await page.bringToFront()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByLabel('Token').waitFor()
  t.equal(await page.evaluate('JSON.stringify(sessionStorage)'), '{}')
  t.notMatch(await page.content(), 'blog.example.com', 'nothing stays on the page')
  // Never answered: so that all it could show would be of before.
  await page.route(/\/api\/v1\/(?:events|history)/, () => undefined)
  await page.getByLabel('Token').fill('read-secret')
  await page.keyboard.press('Enter')
  await page.getByText('Asking WakeDock for its services…').waitFor()
  t.same(faults, [])
})
