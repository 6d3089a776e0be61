/** How a service behaves, by its options and the defaults: readiness, ignore, schedule, busy, and what is not applied. */
import t from 'tap'
import { blog } from './found.ts'

const HTTP = {
  kind: 'http',
  path: '/',
  status: [100, 499],
  timeout: 1000,
  host: 'blog.example.com',
  health: false,
}
const READY: readonly [title: string, defaults: string, own: string, expected: unknown][] = [
  [
    'an HTTP check of its own',
    '{}',
    '{ path: /h, status: 200-399 }',
    { ...HTTP, path: '/h', status: [200, 399] },
  ],
  ['a status as a number', '{}', '{ status: 204 }', { ...HTTP, status: [204, 204] }],
  [
    'key by key over the defaults',
    '{ path: /d, timeout: 2s }',
    '{ path: /h }',
    { ...HTTP, path: '/h', timeout: 2000 },
  ],
  ['tcp', '{}', 'tcp', { kind: 'tcp', timeout: 1000, health: false }],
  ['tcp with the default timeout', '{ timeout: 2s }', 'tcp', { kind: 'tcp', timeout: 2000, health: false }],
  ['tcp with the default health', '{ health: true }', 'tcp', { kind: 'tcp', timeout: 1000, health: true }],
  ['HTTP and the HEALTHCHECK', '{}', '{ health: true }', { ...HTTP, health: true }],
  ['HTTP alone', '{ health: true }', '{ health: false }', HTTP],
  ['the HEALTHCHECK alone', '{ timeout: 2s }', 'health', { kind: 'health' }],
  ['HTTP over the HEALTHCHECK', 'health', '{ path: /h }', { ...HTTP, path: '/h' }],
  ['HTTP over tcp', 'tcp', '{ path: /h }', { ...HTTP, path: '/h' }],
]
t.test('ready', async (t) => {
  for (const [title, defaults, own, expected] of READY) {
    const service = await blog(`container: ghost\nready: ${own}`, `defaults: { ready: ${defaults} }`)
    t.strictSame(service.ready, expected, title)
  }
  t.strictSame((await blog('container: ghost', 'defaults: { ready: tcp }')).ready, {
    kind: 'tcp',
    timeout: 1000,
    health: false,
  })
  t.strictSame((await blog('container: ghost', 'defaults: { ready: health }')).ready, {
    kind: 'health',
  })
  for (const ready of ['health', '{ health: true }']) {
    const lines = 'process: { command: [node] }\nport: 3001'
    t.strictSame((await blog(lines, `defaults: { ready: ${ready} }`)).ready, HTTP, 'a process has none')
  }
})

const POLICIES: readonly [title: string, defaults: string, own: string, expected: object][] = [
  ['streams', '{ stream_idle_timeout: 1h }', 'min_awake: 0', { streamIdleTimeout: 3_600_000 }],
  ['sleep_mode', '{ sleep_mode: pause }', 'min_awake: 0', { sleepMode: 'pause' }],
  ['sleep_mode of its own', '{ sleep_mode: pause }', 'sleep_mode: stop', { sleepMode: 'stop' }],
  [
    'ignore, key by key',
    '{ ignore: { user_agents: [UptimeRobot], paths: /a } }',
    'ignore: { paths: [/metrics/, /b], methods: head, from: [192.0.2.7, private_ranges] }',
    {
      ignore: {
        paths: ['/metrics', '/b'],
        userAgents: ['uptimerobot'],
        methods: ['HEAD'],
        from: [
          '192.0.2.7',
          '192.168.0.0/16',
          '172.16.0.0/12',
          '10.0.0.0/8',
          '127.0.0.1/8',
          'fd00::/8',
          '::1',
        ],
      },
    },
  ],
  ['ignore, undone', '{ ignore: { paths: /a } }', 'ignore: { paths: [] }', { ignore: null }],
  ['busy', '{}', 'busy: { cpu: 150%, network: 50KiB/s }', { busy: { cpu: 1.5, network: 51_200 } }],
  [
    'busy, key by key',
    '{ busy: { cpu: 10% } }',
    'busy: { network: 1MB/s }',
    { busy: { cpu: 0.1, network: 1_000_000 } },
  ],
  ['busy, undone', '{ busy: { cpu: 10% } }', 'busy: null', { busy: null }],
  [
    'a schedule',
    '{ timezone: Asia/Kathmandu }',
    'schedule: [{ days: fri-mon, from: "22:00", to: "06:30" }, { from: "00:00", to: "24:00" }]',
    {
      schedule: {
        windows: [
          { days: [0, 1, 5, 6], from: 1320, to: 390 },
          { days: [0, 1, 2, 3, 4, 5, 6], from: 0, to: 1440 },
        ],
        timeZone: 'Asia/Kathmandu',
      },
    },
  ],
  [
    'days as a list',
    '{}',
    'schedule: [{ days: [Sat, "tue, wed"], from: "08:00", to: "18:00" }]\ntimezone: Europe/Paris',
    { schedule: { windows: [{ days: [2, 3, 6], from: 480, to: 1080 }], timeZone: 'Europe/Paris' } },
  ],
  ['no schedule', '{ schedule: [{ from: "08:00", to: "18:00" }] }', 'schedule: []', { schedule: null }],
]
t.test('policy, with defaults', async (t) => {
  for (const [title, defaults, own, expected] of POLICIES)
    t.hasStrict(await blog(`container: ghost\n${own}`, `defaults: ${defaults}`), expected, title)
})

t.test("without a time zone the system's clocks count", async (t) => {
  const { schedule } = await blog('container: ghost\nschedule: [{ from: "08:00", to: "18:00" }]')
  t.equal(schedule?.timeZone, Intl.DateTimeFormat().resolvedOptions().timeZone)
})

const ALL_POLICY =
  'defaults: { sleep_mode: pause, stream_idle_timeout: 1h, busy: { cpu: 10%, network: 1MB/s }, ignore: { paths: /a }, schedule: [{ from: "08:00", to: "18:00" }], timezone: Europe/Paris }'
t.test('defaults are not applied to what cannot make use of them', async (t) => {
  t.match(await blog('process: { command: [node] }\nport: 3001', ALL_POLICY), {
    sleepMode: 'stop',
    streamIdleTimeout: 3_600_000,
    busy: { cpu: 0.1, network: null },
    ignore: { paths: ['/a'] },
    schedule: { timeZone: 'Europe/Paris' },
  })
  t.match(await blog('process: { command: [node] }\nport: 3001', 'defaults: { busy: { network: 1MB/s } }'), {
    busy: null,
  })
  t.match(await blog('url: "http://192.0.2.1"', ALL_POLICY), {
    sleepMode: 'stop',
    streamIdleTimeout: 0,
    busy: null,
    ignore: null,
    schedule: null,
  })
})
