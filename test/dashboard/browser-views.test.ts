/** Every view of the dashboard in a real Chromium, on three screens, light and dark: axe-core finds nothing, and nothing is too wide. 720 pixels are 1440 at 200 %. */
import t from 'tap'
import { TOKENS } from '../helpers/admin.ts'
import { accessibilityFaults, browserSkip, openBrowser } from '../helpers/browser.ts'
import { NOW, REFUSED, row } from './page.ts'
import { homelab, startScene } from './scene.ts'

const skip = browserSkip()

const VIEWS = [
  '',
  '#/?q=zzz',
  '#/services/blog',
  '#/services/photos',
  '#/services/nextcloud',
  '#/services/blog/logs',
  '#/config',
  '#/services/gone',
]

for (const colorScheme of ['light', 'dark'] as const) {
  t.test(
    `no view has a fault of accessibility, and none is too wide: ${colorScheme}`,
    { skip, timeout: 120_000 },
    async (t) => {
      const open = await startScene(t, homelab(NOW), { config: REFUSED })
      const closed = await startScene(t, homelab(NOW), { tokens: TOKENS })
      const empty = await startScene(t, [])
      const browser = await openBrowser(t)
      for (const viewport of [
        { width: 360, height: 740 },
        { width: 720, height: 450 },
        { width: 1440, height: 900 },
      ]) {
        const { page, faults } = await browser.page({ viewport, colorScheme, reducedMotion: 'reduce' })
        const look = async (what: string): Promise<void> => {
          await page.locator('h1:visible, .services, .empty').first().waitFor()
          t.same(await accessibilityFaults(page), [], `${what} ${viewport.width}`)
          t.equal(
            await page.evaluate('document.documentElement.scrollWidth'),
            viewport.width,
            `${what} ${viewport.width} fits`,
          )
        }
        for (const view of VIEWS) {
          await page.goto('about:blank')
          await page.goto(`${open.page}${view}`)
          await page.getByText('Live', { exact: true }).waitFor()
          await page.locator('.foot').waitFor()
          await look(view)
        }
        await page.goto('about:blank')
        await page.goto(`${open.page}#/`)
        await row(page, 'blog').getByRole('button').click()
        await page.getByRole('dialog').waitFor()
        await look('the question')
        for (const { page: address } of [closed, empty]) {
          await page.goto(address)
          await look(address === empty.page ? 'nothing yet' : 'login')
        }
        t.same(faults, [])
      }
    },
  )
}
