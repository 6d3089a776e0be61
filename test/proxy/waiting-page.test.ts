/** The waiting page as bytes: its policy, its size, what it says, and what an attacker cannot make it say. */
import { createHash } from 'node:crypto'
import t from 'tap'
import type { FailureReason } from '../../src/errors.ts'
import { waitingAnswer, type Shown } from '../../src/proxy/waiting-page.ts'
import type { WaitingView } from '../../src/proxy/waiting-view.ts'
import { WORDS } from '../../src/proxy/waiting-words.ts'

const VIEW: WaitingView = {
  phase: 'starting',
  elapsed: 4_200,
  estimate: 12_000,
  retryIn: 7_800,
  reason: null,
}
const ASKED = { path: '/', theme: 'auto', code: 'WAKEDOCK_WAKE_TIMEOUT' } as const
const SHOWN: Shown = { view: VIEW, title: 'Our blog', language: 'en' }

function page(
  changes: Partial<Shown> & { readonly seen?: Partial<WaitingView>; readonly path?: string } = {},
) {
  const { seen, path = '/', ...shown } = changes
  const answer = waitingAnswer({ ...SHOWN, ...shown, view: { ...VIEW, ...seen } }, { ...ASKED, path })
  return { ...answer, text: answer.body.toString() }
}

const field = (headers: string[], name: string): string => headers[headers.indexOf(name) + 1] ?? ''
const between = (text: string, start: string, end: string): string =>
  text.split(start)[1]?.split(end)[0] ?? ''
const hash = (text: string): string => createHash('sha256').update(text).digest('base64')

t.test('an answer that nobody keeps, and that says when to come back', async (t) => {
  const { status, headers, body } = page()
  t.equal(status, 503)
  t.equal(field(headers, 'Content-Type'), 'text/html; charset=utf-8')
  t.equal(field(headers, 'Content-Length'), String(body.length))
  t.equal(field(headers, 'Content-Language'), 'en')
  t.equal(field(headers, 'Cache-Control'), 'no-store')
  t.match(field(headers, 'Vary'), /Accept-Language.*Sec-Fetch-Mode/)
  t.equal(field(headers, 'X-Robots-Tag'), 'noindex')
  t.equal(field(headers, 'Proxy-Status'), 'WakeDock; error=destination_unavailable')
  t.equal(field(headers, 'Retry-After'), '8', 'rounded up')
  t.notOk(headers.includes('Set-Cookie'))
  t.notOk(headers.includes('Server-Timing'))
})

t.test('its policy allows its own style and script, by their hashes, and the stream', async (t) => {
  for (const theme of ['auto', 'light', 'dark'] as const) {
    const { headers, body } = waitingAnswer(SHOWN, { ...ASKED, theme })
    const text = body.toString()
    const style = between(text, '<style>', '</style>')
    t.equal(
      field(headers, 'Content-Security-Policy'),
      `default-src 'none'; style-src 'sha256-${hash(style)}'; script-src 'sha256-${hash(between(text, '<script>', '</script>'))}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'`,
    )
    t.equal(/prefers-color-scheme/.test(style), theme === 'auto')
    t.equal(style.startsWith(':root{color-scheme:dark'), theme === 'dark')
    for (const part of ['prefers-reduced-motion', 'forced-colors']) t.match(style, part)
    t.equal(text.match(/<(?:style|script)\b/g)?.length, 2)
    t.notMatch(text, /https?:|\ssrc=|@import|url\(|\sstyle=|\son\w+=/, 'nothing from outside, nothing inline')
  }
})

t.test('below 14 KB with its head, whatever it says', async (t) => {
  const title = '&'.repeat(100)
  for (const language of ['en', 'fr'] as const)
    for (const reason of Object.keys(WORDS.en.failed).filter(
      (key): key is FailureReason => key in WORDS.en.failed,
    )) {
      const shown = { ...SHOWN, title, language, view: { ...VIEW, phase: 'failed' as const, reason } }
      const { headers, body } = waitingAnswer(shown, { ...ASKED, code: 'WAKEDOCK_HOLD_QUEUE_FULL' })
      t.ok(headers.join(': \r\n').length + body.length < 14_000)
    }
})

t.test('whatever it is called, that is text', async (t) => {
  for (const title of [
    '<script>alert(1)</script>',
    '</title><img src=x onerror=alert(1)>',
    `"'><svg/onload=alert(1)>`,
    "' data-phase='ready",
    '$& $1 $$ {title} {n}',
    '</main><!--',
  ]) {
    const { text } = page({ title })
    t.equal(text.match(/<script/g)?.length, 1, title)
    t.notMatch(text, /<img|<svg|<!--/, title)
    t.notMatch(text, `' data-phase='`, title)
    const unescaped = (html: string): string =>
      html
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&amp;', '&')
    t.equal(unescaped(between(text, '<title>', '</title>')), `${title} is starting`)
    t.equal(unescaped(between(text, '<h1 id="h">', '</h1>')), `${title} is starting`)
    t.match(JSON.parse(unescaped(between(text, 'data-view="', '"'))), { heading: `${title} is starting` })
  }
})

t.test('what it says in each phase, in both languages', async (t) => {
  for (const language of ['en', 'fr'] as const) {
    const words = WORDS[language]
    for (const phase of ['needs', 'starting', 'waiting', 'ready', 'asleep'] as const) {
      const { text, headers } = page({ language, seen: { phase } })
      t.match(text, `<html lang="${language}">`)
      t.equal(field(headers, 'Content-Language'), language)
      t.equal(between(text, '<p id="s" role="status">', '</p>'), words.status[phase])
      t.match(text, `data-phase="${phase}"`)
    }
    for (const [reason, sentence] of Object.entries(words.failed)) {
      const { text } = page({ language, seen: { phase: 'failed', reason: reason as FailureReason } })
      t.equal(between(text, '<p id="s" role="status">', '</p>'), sentence)
    }
  }
})

t.test('the step it is at', async (t) => {
  for (const [phase, step] of [
    ['needs', 'Start'],
    ['starting', 'Start'],
    ['waiting', 'Get ready'],
    ['ready', 'Open'],
    ['failed', ''],
    ['asleep', ''],
  ] as const)
    t.equal(between(page({ seen: { phase } }).text, '<li aria-current="step">', '</li>'), step, phase)
})

t.test('the bar knows only what the estimate knows', async (t) => {
  t.match(page().text, '<progress id="b" aria-label="Progress" max="12000" value="4200">')
  t.match(page().text, '4 s · usually about 12 s')
  t.match(page({ seen: { elapsed: 12_000 } }).text, '<progress id="b" aria-label="Progress">', 'past it')
  const unknown = page({ seen: { estimate: null } }).text
  t.match(unknown, '<progress id="b" aria-label="Progress">')
  t.notMatch(between(unknown, 'class="time">', '<'), 'usually')
})

t.test('without a script it loads again by itself, never faster than once a second', async (t) => {
  for (const [retryIn, seconds] of [
    [1_000, 1],
    [7_800, 8],
    [45_000, 45],
  ] as const) {
    const { text, headers } = page({ seen: { retryIn } })
    t.match(text, `<noscript><meta http-equiv="refresh" content="${seconds};url=./"></noscript>`)
    t.equal(field(headers, 'Retry-After'), String(seconds))
  }
})

t.test('and at its own address, whatever that is', async (t) => {
  for (const [path, url] of [
    ['/', './'],
    ['/a/b', './b'],
    ['/a/b/', './'],
    ['/a?b=1&c', '?b=1&amp;c'],
    ['/a?', '?'],
    ['/a?b=//evil.example/', '?b=//evil.example/'],
    ['//evil.example', './evil.example'],
    ['/\\\\evil.example', './evil.example'],
    ['/javascript:alert(1)', './javascript:alert(1)'],
    ['/"><b>', './&quot;&gt;&lt;b&gt;'],
  ] as const)
    t.match(page({ path }).text, `<meta http-equiv="refresh" content="8;url=${url}">`, path)
})

t.test('a request that found no room is told so', async (t) => {
  const { headers, body } = waitingAnswer(SHOWN, { ...ASKED, code: 'WAKEDOCK_HOLD_QUEUE_FULL' })
  t.match(body.toString(), WORDS.en.full)
  t.equal(field(headers, 'Proxy-Status'), 'WakeDock; error=connection_limit_reached')
  t.notMatch(page().text, WORDS.en.full)
})
