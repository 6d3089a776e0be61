import t from 'tap'
import { RouteTable } from '../../src/domain/route-table.ts'

const table = new RouteTable(
  [
    ['blog', 'blog.example.com', '/', false],
    ['api', 'blog.example.com', '/api', true],
    ['v2', 'blog.example.com', '/api/v2/', true],
    ['any', '*.example.com', '/', false],
    ['wiki', '*.example.com', '/wiki', false],
    ['only', 'only.example.com', '/app', false],
    ['bare', 'localhost', '/', false],
  ].map(([name, host, path, stripPrefix]) => ({
    routes: [{ host: String(host), path: String(path), stripPrefix: stripPrefix === true }],
    match: (prefix: string) => `${name} ${prefix}`.trim(),
  })),
)

const cases: readonly [host: string, path: string, found: string | null][] = [
  ['blog.example.com', '/', 'blog'],
  ['blog.example.com', '/api', 'api /api'],
  ['blog.example.com', '/api?x=1', 'api /api'],
  ['blog.example.com', '/api/users', 'api /api'],
  ['blog.example.com', '/apis', 'blog'],
  ['blog.example.com', '/API', 'blog'],
  ['blog.example.com', '/api/v2', 'v2 /api/v2'],
  ['blog.example.com', '/api/v2/x', 'v2 /api/v2'],
  ['blog.example.com', '/api/v20', 'api /api'],
  ['shop.example.com', '/', 'any'],
  ['shop.example.com', '/wiki/Page', 'wiki'],
  // The exact host has no route for this path: the asterisk's still counts.
  ['only.example.com', '/app', 'only'],
  ['only.example.com', '/other', 'any'],
  // One label exactly.
  ['a.b.example.com', '/', null],
  ['example.com', '/', null],
  ['localhost', '/x', 'bare'],
  ['', '/', null],
  ['.example.com', '/', null],
  // RFC 1035: a longer name than any, which is not even remembered.
  [`${'x'.repeat(241)}.example.com`, '/', 'any'],
  [`${'x'.repeat(242)}.example.com`, '/', null],
]

t.test('the most specific route wins: exact host, then the longest path of whole segments', async (t) => {
  for (const [host, path, found] of cases) {
    t.equal(table.lookup(host, path), found, `${host}${path}`)
    t.equal(table.lookup(host, path), found, `${host}${path} from the memo`)
  }
})

t.test('a host is served if any of its paths is', async (t) => {
  const apps = new RouteTable([
    { routes: [{ host: 'app.example.com', path: '/app', stripPrefix: false }], match: () => 'app' },
    { routes: [{ host: '*.b.example.com', path: '/', stripPrefix: false }], match: () => 'b' },
  ])
  for (const [host, expected] of [
    ['app.example.com', true],
    ['x.b.example.com', true],
    ['b.example.com', false],
    ['x.y.b.example.com', false],
    ['', false],
  ] as const)
    t.equal(apps.serves(host), expected, host)
})
