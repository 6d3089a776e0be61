/**
 * Who is shown the waiting page: a person who opens a page in a browser, and nobody else. In doubt a request is none of these
 * and is held, as a program that is given a page for its data breaks, and a person who is held only waits.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { prefersHtml } from './error-response.ts'

/** The part of a request that is looked at. */
export interface Visit {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
}

/** What a navigation fills (Fetch Metadata, section 2.1): a tab or a frame. An object or an embed would show the page as a picture. */
const PLACES: ReadonlySet<string> = new Set(['document', 'frame', 'iframe'])

/**
 * Headers of what is no navigation, whatever its Accept says: a part of a file, another protocol, and the libraries that fetch
 * pieces of a page and would put ours in the middle of theirs (jQuery, htmx, Turbo, Unpoly, pjax, Inertia).
 */
const NOT_A_PAGE = [
  'range',
  'upgrade',
  'x-requested-with',
  'hx-request',
  'turbo-frame',
  'x-turbo-request-id',
  'x-up-version',
  'x-pjax',
  'x-inertia',
]

/** Asked for in advance: nobody looks at it, and what is kept would be our page instead of the app's. */
const IN_ADVANCE = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

/**
 * Words in the User-Agent of crawlers and link previews; most give an address to complain to ("+https://…"). A short list on purpose,
 * and no package: one that is missed gets a 503 with Retry-After and noindex, which crawlers know, and one that is caught is held.
 * A Cubot is a telephone.
 */
const CRAWLER =
  /(?<!\bcu)bot(?![a-z])|crawl|spider|slurp|preview|scrape|archiver|externalhit|lighthouse|monitor|uptime|\+https?:/i

/** Whether a person waits for a page here. RFC 9110 section 12.5.1; https://www.w3.org/TR/fetch-metadata/. */
export function isVisitor({ method, headers }: Visit): boolean {
  if (method !== 'GET' || NOT_A_PAGE.some((name) => headers[name] !== undefined)) return false
  if (IN_ADVANCE.some((name) => /prefetch|prerender|preview/i.test(String(headers[name] ?? '')))) return false
  const agent = headers['user-agent'] ?? ''
  if (CRAWLER.test(agent)) return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) {
    const place = headers['sec-fetch-dest'] ?? 'document'
    return mode === 'navigate' && PLACES.has(place)
  }
  // Browsers send Sec-Fetch-* over https and to localhost only; and all of them, to this day, begin as Mosaic's successor did.
  return prefersHtml(headers.accept ?? '') && agent.startsWith('Mozilla/')
}
