/**
 * A real browser for tests: Debian's Chromium, driven by playwright-core, which downloads nothing. What a page logs as an error, what
 * it throws and what its policy forbids is collected: a page is expected to have none of these.
 */
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import axe from 'axe-core'
import { chromium } from 'playwright-core'
import { program, programSkip, type Scope } from './programs.ts'

/** For tap's `skip` option: the reason, or false where the test must run. */
export const browserSkip = (): string | false => programSkip('chromium')

export interface TestBrowser {
  /** A page of its own, with nothing of the others' in it; closed with the browser. */
  page(options?: BrowserContextOptions): Promise<TestPage>
}

export interface TestPage {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors of scripts and of the policy, in order. Not those of answers with a status above 399, which a test may want. */
  readonly faults: readonly string[]
}

/** Starts it; it ends with the test. Every name under .localhost leads to this machine (RFC 6761), in Chromium too. */
export async function openBrowser(t: Scope): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath: program('chromium'),
    // Tests may run as root, where Chromium has no sandbox; it opens nothing but this machine's own pages.
    chromiumSandbox: false,
    args: ['--disable-gpu', '--disable-dev-shm-usage'],
  })
  t.teardown(() => browser.close())
  return {
    async page(options = {}) {
      const context = await browser.newContext(options)
      const page = await context.newPage()
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(String(error)))
      page.on('console', (message) => {
        const text = message.text()
        if (message.type() === 'error' && !text.startsWith('Failed to load resource: the server responded'))
          faults.push(text)
      })
      return { page, context, faults }
    },
  }
}

/** What axe-core holds against the page as it stands: "rule: what is wrong (where)". */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // By the debugger: the page's own policy would not let it in.
  await page.evaluate(axe.source)
  const found: unknown = await page.evaluate(
    `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) =>
      violations.map(({ id, help, nodes }) => id + ': ' + help + ' (' + nodes.map(({ target }) => target).join(', ') + ')'))`,
  )
  if (!Array.isArray(found)) throw new Error('axe-core gave no list')
  return found.map(String)
}
