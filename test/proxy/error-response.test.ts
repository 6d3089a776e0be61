import { createHash } from 'node:crypto'
import t from 'tap'
import { ERRORS, WakeDockError, type ErrorCode } from '../../src/errors.ts'
import { renderErrorPage } from '../../src/proxy/error-page.ts'
import { errorAnswer, prefersHtml, rawErrorAnswer } from '../../src/proxy/error-response.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const codes = Object.keys(ERRORS).filter((code): code is ErrorCode => code in ERRORS)

const field = (headers: string[], name: string): string | undefined => {
  const index = headers.indexOf(name)
  return index === -1 ? undefined : headers[index + 1]
}

t.test('every error is a problem for programs and a page for people, and neither is cached', async (t) => {
  for (const code of codes) {
    const error = new WakeDockError(code, {
      retryAfter: 7,
      cause: new Error('connect ECONNREFUSED 172.17.0.2:80'),
    })
    for (const accept of ['', BROWSER]) {
      const { status, headers, body } = errorAnswer(error, accept)
      t.equal(status, ERRORS[code].status)
      t.equal(field(headers, 'Cache-Control'), 'no-store')
      t.equal(field(headers, 'Proxy-Status'), `WakeDock; error=${ERRORS[code].proxyStatus}`)
      t.equal(field(headers, 'Retry-After'), '7')
      t.equal(field(headers, 'Content-Length'), String(body.length))
      t.notMatch(body.toString(), /172\.17|ECONNREFUSED|\.ts:/)
      t.match(body.toString(), code)
      if (accept === '')
        t.match(JSON.parse(body.toString()), {
          type: 'about:blank',
          status,
          code,
          detail: ERRORS[code].title,
        })
    }
  }
})

t.test('Retry-After only where waiting helps, Allow only with 405', async (t) => {
  const { headers, body } = errorAnswer(new WakeDockError('WAKEDOCK_WAKE_FAILED'), BROWSER)
  t.equal(field(headers, 'Retry-After'), undefined)
  t.equal(field(headers, 'Allow'), undefined)
  t.notMatch(body.toString(), 'Try again')
  t.match(field(errorAnswer(new WakeDockError('WAKEDOCK_METHOD_NOT_ALLOWED'), '').headers, 'Allow'), 'GET')
})

t.test('an ignored request is told that it does not wake the service, and when to ask again', async (t) => {
  const error = new WakeDockError('WAKEDOCK_NOT_WOKEN', { retryAfter: 60 })
  for (const [accept, type, text] of [
    ['*/*', 'application/problem+json', '"code":"WAKEDOCK_NOT_WOKEN"'],
    [BROWSER, 'text/html; charset=utf-8', 'Try again in 60 seconds.'],
  ] as const) {
    const { status, headers, body } = errorAnswer(error, accept)
    t.equal(status, 503)
    t.equal(field(headers, 'Content-Type'), type)
    t.equal(field(headers, 'Retry-After'), '60')
    t.match(body.toString(), text)
    t.match(body.toString(), 'requests of this kind do not wake it')
  }
})

t.test('the page allows its own style and nothing else', async (t) => {
  const { headers, body } = errorAnswer(new WakeDockError('WAKEDOCK_NO_ROUTE'), BROWSER)
  const style = /<style>([^]*)<\/style>/.exec(body.toString())?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  t.match(field(headers, 'Content-Security-Policy'), `default-src 'none'; style-src 'sha256-${hash}'`)
  t.match(style, 'prefers-color-scheme:dark')
  t.notMatch(body.toString(), /https?:|src=|<script|style="/)
})

t.test('values on the page are escaped', async (t) => {
  const page = renderErrorPage({ status: 502, title: `<b>&"'`, code: '<i>', retryAfter: 1 })
  t.match(page, '&lt;b&gt;&amp;&quot;&#39;')
  t.notMatch(page, /<b>|<i>/)
  t.match(page, 'Try again in 1 second.')
})

t.test('who gets the page', async (t) => {
  for (const [accept, html] of [
    [BROWSER, true],
    ['text/html', true],
    ['*/*', false],
    ['', false],
    ['application/json', false],
    ['application/json, text/html;q=0.9', false],
    ['application/json;q=0.5, text/html', true],
    ['text/html;q=0', false],
  ] as const)
    t.equal(prefersHtml(accept), html, accept)
})

t.test('the raw answer is a whole one', async (t) => {
  const raw = rawErrorAnswer(new WakeDockError('WAKEDOCK_BAD_REQUEST', { status: 431 })).toString()
  const [head = '', body = ''] = raw.split('\r\n\r\n')
  t.match(head, /^HTTP\/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n/)
  t.match(head, `Content-Length: ${body.length}`)
})
