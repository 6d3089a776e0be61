import t from 'tap'
import type { Ignore } from '../../src/domain/service.ts'
import { compileIgnore } from '../../src/proxy/ignore.ts'

const NOTHING: Ignore = { paths: [], userAgents: [], methods: [], from: [] }
const BROWSER = 'Mozilla/5.0'
const nobody = (): null => null

t.test('paths match themselves and whole segments beneath, and in doubt do not', async (t) => {
  const matches = compileIgnore({ ...NOTHING, paths: ['/health', '/feed/', '/a%20b'] })
  for (const [path, ignored] of [
    ['/health', true],
    ['/health/', true],
    ['/health/live', true],
    ['/health/.well-known/x', true],
    ['/health/v1.2/..x/x..', true],
    ['/health/a%20b', true],
    ['/feed', true],
    ['/feed/', true],
    ['/a%20b/c', true],
    ['/', false],
    ['/healthy', false],
    ['/healt', false],
    ['/Health', false],
    ['/x/health', false],
    // The app may see these as something else than /health, or not: counted.
    ['//health', false],
    ['/./health', false],
    ['/he%61lth', false],
    ['/%2fhealth', false],
    // These are beneath /health only for who does not resolve them.
    ['/health/../admin', false],
    ['/health/x/../../admin', false],
    ['/health/..', false],
    ['/health/.', false],
    ['/health/./x', false],
    ['/health/..;/admin', false],
    ['/health/..;x=1/admin', false],
    ['/health//admin', false],
    ['/health//', false],
    ['/health/%2e%2e/admin', false],
    ['/health/.%2E/admin', false],
    ['/health/..%2fadmin', false],
    ['/health/..%2Fadmin', false],
    ['/health/%252e%252e/admin', false],
    ['/health/..\\admin', false],
    ['/health\\..\\admin', false],
    ['/health/%5c..%5Cadmin', false],
    ['/health%2f..%2fadmin', false],
  ] as const)
    t.equal(matches('GET', path, BROWSER, nobody), ignored, path)
})

t.test('"/" is every path', async (t) => {
  const matches = compileIgnore({ ...NOTHING, paths: ['/'] })
  for (const path of ['/', '/x', '//x', '/x/../y']) t.ok(matches('GET', path, BROWSER, nobody), path)
})

t.test('one match of any kind is enough', async (t) => {
  const matches = compileIgnore({
    paths: ['/health'],
    userAgents: ['uptime-kuma', 'bot/'],
    methods: ['OPTIONS', 'HEAD'],
    from: ['192.0.2.0/24', '2001:db8::1', '198.51.100.7'],
  })
  for (const [method, path, agent, client, ignored] of [
    ['GET', '/', BROWSER, '203.0.113.1', false],
    ['GET', '/health', BROWSER, '203.0.113.1', true],
    ['HEAD', '/', BROWSER, '203.0.113.1', true],
    ['HEADS', '/', BROWSER, '203.0.113.1', false],
    ['GET', '/', 'Uptime-Kuma/1.23.1', '203.0.113.1', true],
    ['GET', '/', 'Mozilla/5.0 (compatible; GoogleBOT/2.1)', '203.0.113.1', true],
    ['GET', '/', 'robots', '203.0.113.1', false],
    ['GET', '/', '', '203.0.113.1', false],
    ['GET', '/', BROWSER, '192.0.2.200', true],
    ['GET', '/', BROWSER, '::ffff:192.0.2.200', true],
    ['GET', '/', BROWSER, '192.0.3.1', false],
    ['GET', '/', BROWSER, '2001:DB8:0::1', true],
    ['GET', '/', BROWSER, '2001:db8::2', false],
    ['GET', '/', BROWSER, '198.51.100.7', true],
    ['GET', '/', BROWSER, '198.51.100.70', false],
    ['GET', '/', BROWSER, null, false],
    ['GET', '/', BROWSER, 'nonsense', false],
  ] as const)
    t.equal(
      matches(method, path, agent, () => client),
      ignored,
      `${method} ${path} ${agent} ${client}`,
    )
})

t.test('who the client is is asked only when it matters', async (t) => {
  const never = (): never => t.fail('asked') as never
  t.ok(compileIgnore({ ...NOTHING, methods: ['GET'], from: ['10.0.0.0/8'] })('GET', '/', '', never))
  t.notOk(compileIgnore({ ...NOTHING, paths: ['/health'] })('GET', '/', '', never))
  t.notOk(compileIgnore(NOTHING)('GET', '/', BROWSER, never), 'nothing matches nothing')
})

t.test('a list of clients that is none is refused', async (t) => {
  t.throws(() => compileIgnore({ ...NOTHING, from: ['10.0.0.0/33'] }))
})
