import t from 'tap'
import { WakeDockError } from '../../src/errors.ts'
import { checkRequest, mayUpgrade, pathOf, routingHost, stripPrefix } from '../../src/proxy/request-check.ts'

const head = (rawHeaders: string[], url = '/', minor = 1, method = 'GET') => ({
  method,
  url,
  httpVersionMajor: 1,
  httpVersionMinor: minor,
  rawHeaders,
})

t.test('a request says where it goes and what frames its body', async (t) => {
  const cases: [name: string, request: ReturnType<typeof head>, expected: object][] = [
    [
      'origin-form',
      head(['HOST', 'A.b:80'], '/x?y'),
      { host: 'a.b', authority: 'A.b:80', path: '/x?y', body: 'none', length: null },
    ],
    ['an IPv6 host', head(['Host', '[::1]:80']), { host: '[::1]', authority: '[::1]:80' }],
    ['HTTP/1.0 without Host', head([], '/', 0), { host: '', authority: '' }],
    ['absolute-form', head(['Host', 'a'], 'HTTP://A?q'), { host: 'a', path: '/?q' }],
    ['absolute-form with an empty path', head(['Host', 'a'], 'http://a'), { path: '/' }],
    ['a length', head(['Host', 'a', 'content-LENGTH', '7']), { body: 'length', length: 7 }],
    ['a length of 0', head(['Host', 'a', 'Content-Length', '0']), { body: 'none', length: 0 }],
    ['chunks', head(['Host', 'a', 'transfer-ENCODING', 'CHUNKED']), { body: 'chunked', length: null }],
    ['an empty Host', head(['Host', '']), { host: '' }],
    ['OPTIONS *', head(['Host', 'a'], '*', 1, 'OPTIONS'), { host: 'a', path: '*' }],
    ['OPTIONS * through a proxy', head(['Host', 'a'], 'http://a', 1, 'OPTIONS'), { path: '*' }],
    ['OPTIONS for the root', head(['Host', 'a'], 'http://a/', 1, 'OPTIONS'), { path: '/' }],
    ['OPTIONS with a query', head(['Host', 'a'], 'http://a?', 1, 'OPTIONS'), { path: '/?' }],
    ['OPTIONS * in HTTP/1.0', head([], '*', 0, 'OPTIONS'), { host: '', path: '*' }],
  ]
  for (const [name, request, expected] of cases) t.match(checkRequest(request), expected, name)
})

t.test(
  'a request that comes back again and again is ended, one behind another WakeDock is not',
  async (t) => {
    const via = (...values: string[]) =>
      checkRequest(head(['Host', 'a', ...values.flatMap((value) => ['Via', value])]))
    t.match(via('1.1 wakedock, 1.1 caddy, 1.1 wakedock', '1.1 wakedock'), { host: 'a' })
    t.match(via('1.1 wakedock, 1.1 wakedock', '2 x, 1.1 WakeDock', '1.1 wakedock'), { code: 'WAKEDOCK_LOOP' })
    t.match(via('1.1 wakedockyard', '1.1 a', '1.1 b', '1.1 c', '1.1 d'), { host: 'a' })
  },
)

t.test('what Node would have refused is refused without it too', async (t) => {
  const cases: [name: string, request: ReturnType<typeof head>, status: number][] = [
    ['length and chunks', head(['Host', 'a', 'Content-Length', '1', 'Transfer-Encoding', 'chunked']), 400],
    ['two lengths', head(['Host', 'a', 'Content-Length', '1', 'Content-Length', '1']), 400],
    ['two codings', head(['Host', 'a', 'Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked']), 501],
    ['a length beyond exact numbers', head(['Host', 'a', 'Content-Length', '9007199254740993']), 400],
    ['a length that is none', head(['Host', 'a', 'Content-Length', 'x']), 400],
    ['no target', head(['Host', 'a'], ''), 400],
    ['an asterisk for GET', head(['Host', 'a'], '*'), 400],
    ['another scheme', head(['Host', 'a'], 'ftp://a/'), 400],
    ['no authority', head(['Host', 'a'], 'http:///x'), 400],
    ['a non-ASCII host', head(['Host', 'b\xfccher']), 400],
    ['an open bracket', head(['Host', '[::1']), 400],
    ['a port that is none', head(['Host', 'a:x']), 400],
    ['absolute-form without Host', head([], 'http://a/'), 400],
  ]
  for (const [name, request, status] of cases) {
    const result = checkRequest(request)
    t.equal(result instanceof WakeDockError && result.status, status, name)
  }
})

t.test('the host for routing', async (t) => {
  for (const [sent, host] of [
    ['Blog.Example.COM', 'blog.example.com'],
    ['blog.example.com.', 'blog.example.com'],
    ['blog.example.com.:8080', 'blog.example.com'],
    ['[2001:DB8::1]', '[2001:db8::1]'],
    ['[::1]:80', '[::1]'],
    ['a:', 'a'],
    ['', ''],
  ] as const)
    t.equal(routingHost(sent), host, sent)
})

t.test('paths', async (t) => {
  t.equal(pathOf('/a?b?c'), '/a')
  t.equal(pathOf('/a'), '/a')
  t.equal(pathOf('*'), '/', 'what asks about all of a host goes where its root does')
  t.equal(stripPrefix('/app/x', ''), '/app/x')
  t.equal(stripPrefix('/app//x', '/app'), '//x')
  t.equal(stripPrefix('*', ''), '*')
})

t.test('which requests may become a tunnel', async (t) => {
  const upgrade = (protocol: string, ...more: string[]): string[] => ['Upgrade', protocol, ...more]
  for (const [name, request, may] of [
    ['websocket', head(upgrade('websocket')), true],
    ['tcp, as docker attach asks for', head(upgrade('tcp', 'Content-Length', '0')), true],
    ['no protocol', head(upgrade(' ')), false],
    ['no header', head([]), false],
    ['two headers', head(upgrade('a', 'Upgrade', 'b')), false],
    ['a list', head(upgrade('a, b')), false],
    ['h2c', head(upgrade('H2C')), false],
    ['TLS', head(upgrade('TLS/1.2')), false],
    ['HTTP/2.0', head(upgrade('HTTP/2.0')), false],
    ['HTTP/1.0', head(upgrade('websocket'), '/', 0), false],
    ['a body', head(upgrade('websocket', 'Content-Length', '1')), false],
    ['a chunked body', head(upgrade('websocket', 'Transfer-Encoding', 'chunked')), false],
  ] as const)
    t.equal(mayUpgrade(request), may, name)
})
