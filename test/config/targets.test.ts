/** What is behind a service: targets, parts, and what needs what. */
import t from 'tap'
import { blog, settings } from './found.ts'

const HTTP = {
  kind: 'http',
  path: '/',
  status: [100, 499],
  timeout: 1000,
  host: 'blog.example.com',
  health: false,
}
const RUNNING = { kind: 'running', health: true }
const HOSTLESS: readonly [options: string, defaults: string, ready: object, addressed: boolean][] = [
  ['', '{}', RUNNING, false],
  ['', '{ ready: tcp, port: 80 }', RUNNING, false],
  ['port: 6379', '{}', RUNNING, true],
  ['ready: tcp', '{}', { kind: 'tcp', timeout: 1000, health: false }, true],
  ['ready: health', '{}', { kind: 'health' }, false],
  ['ready: { path: /h }', '{}', { ...HTTP, path: '/h', host: 'wakedock' }, true],
]
t.test('a service without hosts only has to run, unless its own options say more', async (t) => {
  for (const [options, defaults, ready, addressed] of HOSTLESS) {
    const text = `
defaults: ${defaults}
services:
  db:
    container: postgres
    ${options}
  blog: { hosts: blog.example.com, container: ghost, depends_on: db }
`
    const [db, app] = (await settings(text)).services
    t.strictSame(db?.ready, ready, options)
    t.match(db?.target, { addressed }, options)
    t.strictSame(db?.routes, [])
    t.strictSame(app?.needs, [{ key: 'container:postgres', until: 'ready' }])
  }
})

t.test('depends_on leads to the target of whatever stands behind the other service', async (t) => {
  const text = `
services:
  blog:
    hosts: blog.example.com
    container: ghost
    depends_on: [db, stack, cloud, job, nas, db]
  db: { container: postgres }
  stack: { containers: [aa, bb] }
  cloud: { compose: nextcloud/app }
  job: { process: { command: [node] }, port: 3001 }
  nas: { hosts: nas.example.com, url: "http://192.0.2.1" }
`
  const { services } = await settings(text)
  const job = services.find(({ name }) => name === 'job')?.target.key
  t.strictSame(
    services[0]?.needs,
    ['container:postgres', 'stack:stack/bb', 'compose:nextcloud/app', job].map((key) => ({
      key,
      until: 'ready',
    })),
    'in their order, once each; a url is always on',
  )
})

t.test(
  'containers are one service, and a part for each of them that waits for the one before it',
  async (t) => {
    const text = `
services:
  shop:
    hosts: shop.example.com
    containers: [shop-db, cache, app]
    depends_on: mail
    port: 8000
    scheme: https
    idle_timeout: 5m
    min_awake: 1m
    start_timeout: 90s
    hold_timeout: 5s
    stop_timeout: 20s
    sleep_mode: pause
    drain_timeout: 3s
    stream_idle_timeout: 1h
    ignore: { paths: /metrics }
    busy: { cpu: 10% }
    schedule: [{ from: "08:00", to: "18:00" }]
  mail: { container: postfix }
`
    const { services } = await settings(text)
    t.strictSame(
      services.map(({ name, part }) => [name, part]),
      [
        ['shop', false],
        ['shop/shop-db', true],
        ['shop/cache', true],
        ['shop/app', true],
        ['mail', false],
      ],
    )
    const [shop, db, cache, app] = services
    const mail = { key: 'container:postfix', until: 'ready' }
    t.strictSame(shop?.target, {
      kind: 'group',
      key: 'stack:shop/app',
      name: 'shop-db, cache, app',
      main: 'container:app',
    })
    t.strictSame(shop?.needs, [
      mail,
      { key: 'container:shop-db', until: 'along' },
      { key: 'container:cache', until: 'along' },
      { key: 'container:app', until: 'running' },
    ])
    t.match(shop?.ready, { kind: 'http', host: 'shop.example.com' })
    t.strictSame(db?.needs, [mail], 'what the service depends on comes before all of it')
    t.strictSame(cache?.needs, [{ key: 'container:shop-db', until: 'ready' }])
    t.strictSame(app, {
      name: 'shop/app',
      routes: [],
      target: {
        kind: 'container',
        key: 'container:app',
        name: 'app',
        port: 8000,
        scheme: 'https',
        tls: { ca: null, serverName: 'shop.example.com', insecure: false },
        addressed: true,
      },
      part: true,
      needs: [{ key: 'container:cache', until: 'ready' }],
      ready: { kind: 'running', health: false },
      idleTimeout: 300_000,
      streamIdleTimeout: 0,
      minAwake: 0,
      startTimeout: 90_000,
      holdTimeout: 90_000,
      stopTimeout: 20_000,
      sleepMode: 'pause',
      drainTimeout: 3000,
      maxHeld: 1000,
      waiting: { page: 'auto', holdFirst: 2000, title: null, theme: 'auto' },
      ignore: null,
      schedule: null,
      busy: null,
    })
    t.match(db?.target, { port: null, scheme: 'http', addressed: false })
  },
)

t.test('a Compose service is a group whose parts only the engine knows', async (t) => {
  const text = 'services: { cloud: { hosts: cloud.example.com, compose: nextcloud/app, port: 80 } }'
  const { services, compose } = await settings(text)
  t.match(services, [
    {
      name: 'cloud',
      part: false,
      needs: [],
      target: {
        kind: 'group',
        key: 'compose:nextcloud/app',
        name: 'nextcloud/app',
        main: 'container:nextcloud-app-1',
      },
    },
  ])
  t.strictSame(compose, [
    {
      owner: 'cloud',
      project: 'nextcloud',
      service: 'app',
      reached: { port: 80, scheme: 'http', addressed: true },
    },
  ])
})

const PROBE_HOSTS: readonly [hosts: string, probe: string][] = [
  ['a.example.com', 'a.example.com'],
  ['["*.example.com", a.example.com]', 'a.example.com'],
  ['["*.example.com", "*.example.org"]', 'wakedock.example.com'],
]
t.test('the probe asks for a host that the app knows', async (t) => {
  for (const [hosts, probe] of PROBE_HOSTS) {
    const { services } = await settings(`services: { a: { hosts: ${hosts}, container: ghost } }`)
    t.match(services[0]?.ready, { host: probe }, hosts)
  }
})

t.test('a process runs in a folder relative to the config file, with text as its environment', async (t) => {
  const lines =
    'process: { command: [node, app.js], cwd: apps/blog, env: { A: 1, B: true, C: x } }\nport: 3001'
  const { target } = await blog(lines)
  t.match(target.key, /^process:blog:[0-9a-f]{12}$/)
  t.equal((await blog(lines)).target.key, target.key)
  t.not((await blog(lines.replace('A: 1', 'A: 2'))).target.key, target.key, 'another process')
  t.strictSame(target, {
    kind: 'process',
    key: target.key,
    name: 'blog',
    command: ['node', 'app.js'],
    cwd: '/etc/wakedock/apps/blog',
    env: { A: '1', B: 'true', C: 'x' },
    port: 3001,
    scheme: 'http',
  })
})

const ORIGINS: readonly [url: string, target: object][] = [
  [
    'http://192.0.2.1:3000',
    { key: 'url:http://192.0.2.1:3000', scheme: 'http', host: '192.0.2.1', port: 3000 },
  ],
  [
    'https://NAS.example.com/',
    { key: 'url:https://nas.example.com', scheme: 'https', host: 'nas.example.com', port: 443 },
  ],
  [
    'http://[2001:db8::1]:81',
    { key: 'url:http://[2001:db8::1]:81', scheme: 'http', host: '2001:db8::1', port: 81 },
  ],
]
t.test('a url is an origin that never sleeps, whatever the defaults say', async (t) => {
  for (const [url, target] of ORIGINS) {
    const service = await blog(`url: "${url}"`, 'defaults: { idle_timeout: 5m, port: 80 }')
    t.strictSame(service.target, { kind: 'url', ...target }, url)
    t.equal(service.idleTimeout, 0)
  }
})

t.test('every host with every path is a route, in one form', async (t) => {
  const text =
    'services: { a: { hosts: [A.example.com., "*.Bücher.example"], paths: [/a/, /], container: ghost } }'
  const routes = (await settings(text)).services[0]?.routes.map(({ host, path }) => `${host} ${path}`)
  t.strictSame(routes, [
    'a.example.com /a',
    'a.example.com /',
    '*.xn--bcher-kva.example /a',
    '*.xn--bcher-kva.example /',
  ])
})
