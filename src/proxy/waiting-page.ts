/**
 * The waiting page as a document, and the answer that carries it: one response, below 14 KB so that it comes with the first round
 * trip (ten segments, RFC 6928), under a policy that lets nothing run but its own style and script.
 */
import { createHash } from 'node:crypto'
import type { Waiting } from '../domain/service.ts'
import { ERRORS, type ErrorCode } from '../errors.ts'
import { escapeHtml } from './error-page.ts'
import type { Answer } from './error-response.ts'
import { SCRIPT } from './waiting-script.ts'
import { STYLES } from './waiting-style.ts'
import type { WaitingView } from './waiting-view.ts'
import { WORDS, type Language } from './waiting-words.ts'

export interface Shown {
  readonly view: WaitingView
  /** What the service is called: anything, also what an attacker has sent as Host. */
  readonly title: string
  readonly language: Language
}

/** What the script is told, at first and with each event. Milliseconds. */
export interface Told {
  readonly phase: string
  readonly heading: string
  readonly status: string
  readonly elapsed_ms: number
  readonly estimate_ms: number | null
  readonly retry_ms: number
}

/** Milliseconds, whole ones. */
export function tell({ view, title, language }: Shown): Told {
  const words = WORDS[language]
  const { phase, reason, elapsed, estimate, retryIn } = view
  return {
    phase,
    heading: put(words.heading[phase], 'title', title),
    status: phase === 'failed' ? words.failed[reason ?? 'refused'] : words.status[phase],
    elapsed_ms: Math.round(elapsed),
    estimate_ms: estimate === null ? null : Math.round(estimate),
    retry_ms: Math.ceil(retryIn),
  }
}

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/**
 * Frames are not forbidden: the page is shown in one where the app would be, and there is nothing on it to be lured into clicking.
 * data: is for an empty icon, without which the browser would ask the sleeping app for one.
 */
const policyOf = (theme: Waiting['theme']): string =>
  [
    "default-src 'none'",
    `style-src ${hash(STYLES[theme])}`,
    `script-src ${hash(SCRIPT)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')

const POLICIES = { auto: policyOf('auto'), light: policyOf('light'), dark: policyOf('dark') }

/** What the page depends on. It is not to be stored anyway; some caches only look here. */
const VARY = 'Accept, Accept-Language, Sec-Fetch-Dest, Sec-Fetch-Mode, User-Agent'

export interface Asked {
  /** Path and query as they have come. */
  readonly path: string
  readonly theme: Waiting['theme']
  /** Why the request was not let in. */
  readonly code: ErrorCode
}

/** 503 with the page; Retry-After and the page's own refresh say the same. */
export function waitingAnswer(shown: Shown, { path, theme, code }: Asked): Answer {
  const retryAfter = Math.ceil(shown.view.retryIn / 1000)
  const full = code === 'WAKEDOCK_HOLD_QUEUE_FULL'
  const body = Buffer.from(
    renderWaitingPage(shown, { theme, full, refresh: `${retryAfter};url=${anew(path)}` }),
  )
  const { proxyStatus } = ERRORS[full ? code : 'WAKEDOCK_WAKE_FAILED']
  const headers = [
    ['Content-Type', 'text/html; charset=utf-8'],
    ['Content-Length', String(body.length)],
    ['Content-Language', shown.language],
    ['Content-Security-Policy', POLICIES[theme]],
    ['Cache-Control', 'no-store'],
    ['Vary', VARY],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Robots-Tag', 'noindex'],
    ['Referrer-Policy', 'same-origin'],
    ['Proxy-Status', `WakeDock; error=${proxyStatus}`],
    ['Retry-After', String(retryAfter)],
  ].flat()
  return { status: 503, headers, body }
}

interface Look {
  readonly theme: Waiting['theme']
  /** The request found no room to wait in. */
  readonly full: boolean
  /** Of a page that runs no script: seconds and address, as in a Refresh. */
  readonly refresh: string
}

/** One HTML document. Every value is escaped. */
export function renderWaitingPage(shown: Shown, { theme, full, refresh }: Look): string {
  const { language, view } = shown
  const words = WORDS[language]
  const told = tell(shown)
  const [heading, status] = [escapeHtml(told.heading), escapeHtml(told.status)]
  const current = STEP[view.phase]
  const steps = words.steps.map((step, i) => `<li${i === current ? ' aria-current="step"' : ''}>${step}</li>`)
  const { elapsed, estimate } = view
  const known = estimate !== null && elapsed < estimate
  const usual = estimate === null ? '' : ` · ${inSeconds(words.usually, Math.max(1000, estimate))}`
  const json = (value: unknown): string => escapeHtml(JSON.stringify(value))
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${heading}</title>\
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">\
<noscript><meta http-equiv="refresh" content="${escapeHtml(refresh)}"></noscript>\
<link rel="icon" href="data:,"><style>${STYLES[theme]}</style></head><body>\
<main id="m" data-phase="${view.phase}" data-view="${json(told)}" data-words="${json([words.again, words.elapsed, words.usually])}">\
<div class="mark"></div><h1 id="h">${heading}</h1><p id="s" role="status">${status}</p><p id="n"></p>\
<progress id="b" aria-label="${words.progress}"${known ? ` max="${Math.round(estimate)}" value="${Math.round(elapsed)}"` : ''}></progress>\
<div class="row"><ol>${steps.join('')}</ol><span id="t" class="time">${inSeconds(words.elapsed, elapsed)}${usual}</span></div>\
${full ? `<p class="full">${words.full}</p>` : ''}<noscript><p>${words.reloads}</p></noscript></main>\
<script>${SCRIPT}</script></body></html>
`
}

/**
 * The page's own address, relative and without a fragment: with one, Chromium takes a refresh for a jump within the page and loads
 * nothing (measured on 156). Not by its whole path, of which a proxy in front may have taken a part off.
 */
function anew(path: string): string {
  const query = path.indexOf('?')
  // A backslash is a slash to browsers.
  return query === -1 ? `./${/[^/\\]*$/.exec(path)?.[0] ?? ''}` : path.slice(query)
}

/** As in the script. A service that has failed or sleeps is at none. */
const STEP: Readonly<Record<string, number>> = { needs: 0, starting: 0, waiting: 1, ready: 2 }

/** Not by a pattern for the value: "$&" in a title would be one. */
const put = (text: string, name: string, value: string): string => text.replace(`{${name}}`, () => value)

const inSeconds = (text: string, ms: number): string => put(text, 'n', String(Math.round(ms / 1000)))
