/** What the browser tests of the dashboard have in common. */
import type { Locator, Page } from 'playwright-core'

/** When the scenes are set. */
export const NOW = Date.now()

/** The names in the list, in order, as they stand. */
export const names = (page: Page): Promise<string[]> => page.locator('tbody .name a').allTextContents()

export const row = (page: Page, name: string): Locator => page.locator(`tr[data-service="${name}"]`)

/** What has the focus, as it is called. */
export const focused = (page: Page): Promise<unknown> =>
  page.evaluate(
    '(document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent).trim()',
  )

/** A config that was refused for seven faults. */
export const REFUSED = {
  state: () => ({
    file: '/etc/wakedock.yaml',
    loadedAt: NOW - 3_600_000,
    warnings: ['wakedock.yaml:31:5 services.wiki.port is 80'],
    refused: {
      at: NOW - 65_000,
      faults: Array.from({ length: 7 }, (_, index) => `wakedock.yaml:${index + 1}:5 fault ${index + 1}`),
    },
  }),
}
