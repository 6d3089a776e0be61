/** The dashboard's files as they are served: whole, to everybody, and under a policy that lets nothing else in. */
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { request } from 'undici'
import { startAdmin, TOKENS } from '../helpers/admin.ts'

/** Every address that a text of the dashboard leads to, relative to the page. */
function addressesIn(path: string, text: string): string[] {
  if (!path.endsWith('.js')) return [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, to = '']) => to)
  const imports = [...text.matchAll(/\bfrom\s*['"]([^'"]+)['"]/g)].map(([, to = '']) => to)
  const bare: Readonly<Record<string, string>> = {
    preact: 'dashboard/lib/preact.js',
    'preact/hooks': 'dashboard/lib/preact-hooks.js',
  }
  return imports.map((to) => bare[to] ?? new URL(to, `http://x${path}`).pathname.slice(1))
}

t.test('the page and all that it leads to is there, without a token, and of the right type', async (t) => {
  const { ask } = await startAdmin(t, { tokens: TOKENS })
  const seen = new Set(['/'])
  for (const path of seen) {
    const { status, headers, text } = await ask(`GET ${path}`)
    t.equal(status, 200, path)
    const type =
      path === '/' ? 'html' : { js: 'javascript', css: 'css', svg: 'svg' }[path.split('.').at(-1) ?? '']
    t.match(headers['content-type'], type, path)
    t.match(headers, {
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    })
    t.notMatch(text, /sourceMappingURL|\binterface \w+ \{|\.ts'/, `${path} is plain JavaScript`)
    t.notMatch(text, /https?:\/\/(?!www\.w3\.org\/|html\.spec)/, `${path} leads nowhere else`)
    for (const to of addressesIn(path, text)) seen.add(`/${to}`)
  }
  t.ok(seen.size > 40, `${seen.size} files`)
})

t.test('the policy allows what came from here and the one inline map, and nothing else', async (t) => {
  const { ask } = await startAdmin(t)
  const { headers, text } = await ask('GET /')
  const map = /<script type="importmap">(.*?)<\/script>/.exec(text)?.[1] ?? ''
  const hash = createHash('sha256').update(map).digest('base64')
  t.same(String(headers['content-security-policy']).split('; '), [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ])
  t.equal(headers['cross-origin-opener-policy'], 'same-origin')
})

t.test('what a browser has already is not sent again', async (t) => {
  const { ask } = await startAdmin(t)
  const { headers } = await ask('GET /dashboard/main.js')
  const etag = String(headers['etag'])
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await ask('GET /dashboard/main.js', { headers: { 'if-none-match': known } })
    t.equal(answer.status, 304, known)
    t.equal(answer.text, '')
    t.equal(answer.headers['etag'], etag)
  }
  t.equal((await ask('GET /dashboard/main.js', { headers: { 'if-none-match': '"other"' } })).status, 200)
  const other = await ask('GET /dashboard/app.js')
  t.not(other.headers['etag'], etag)
})

t.test('it is compressed for those who take it', async (t) => {
  const { url, ask } = await startAdmin(t)
  const plain = await ask('GET /dashboard/list.css')
  const cases = [
    ['gzip', true],
    ['br, GZip;q=0.5', true],
    ['gzip;q=0', false],
    ['br', false],
    ['xgzip', false],
  ] as const
  for (const [accept, zipped] of cases) {
    const answer = await request(`${url}/dashboard/list.css`, { headers: { 'accept-encoding': accept } })
    const body = Buffer.from(await answer.body.arrayBuffer())
    t.equal(answer.headers['content-encoding'], zipped ? 'gzip' : undefined, accept)
    t.equal(String(zipped ? gunzipSync(body) : body), plain.text)
    t.equal(answer.headers['etag'] === plain.headers['etag'], !zipped, 'another form has another tag')
    t.equal(answer.headers['vary'], 'accept-encoding')
  }
})

t.test('what is no file of it is not found', async (t) => {
  const { ask } = await startAdmin(t, { tokens: TOKENS })
  for (const path of [
    '/dashboard/',
    '/dashboard/nothing.js',
    '/dashboard/index.html',
    '/dashboard/..%2fserver.ts',
    '/dashboard/tsconfig.json',
    '/dashboard/main.ts',
  ]) {
    const answer = await ask(`GET ${path}`)
    t.equal(answer.status, 404, path)
    t.match(answer.json, { code: 'WAKEDOCK_NOT_FOUND', detail: 'It is at /.' })
  }
  t.equal((await ask('POST /')).status, 401, 'only reading is open')
})
