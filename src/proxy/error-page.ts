/**
 * The page a person sees when WakeDock itself answers with an error. Self-contained: it comes from a service's own host, so
 * it may load nothing from there and run nothing there; its policy allows its one style and no more.
 */
import { createHash } from 'node:crypto'

const STYLE = `:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-content:center;font:1rem/1.5 system-ui,sans-serif;
background:#f7f7f8;color:#1b1b1f}
main{max-width:32rem;padding:2rem}h1{font-size:1.5rem;margin:0 0 .5rem}p{margin:.5rem 0}small{opacity:.65}
@media(prefers-color-scheme:dark){body{background:#16161a;color:#ececf1}}`

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Goes with every such page. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

export interface ErrorPage {
  readonly status: number
  readonly title: string
  readonly code: string
  /** Seconds; undefined: waiting does not help. */
  readonly retryAfter: number | undefined
}

/** One HTML document. Every value is escaped. */
export function renderErrorPage(page: ErrorPage): string {
  const again = page.retryAfter === undefined ? '' : `<p>Try again in ${seconds(page.retryAfter)}.</p>`
  const title = escapeHtml(page.title)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex">\
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>${STYLE}</style></head>\
<body><main><h1>${title}</h1>${again}<p><small>${page.status} · ${escapeHtml(page.code)}</small></p></main></body></html>
`
}

const seconds = (count: number): string => (count === 1 ? '1 second' : `${count} seconds`)

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
