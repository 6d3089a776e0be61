/** What labels say, and what is wrong in them. */
import t from 'tap'
import type { FoundContainer } from '../../src/domain/ports.ts'
import { resolveServices } from '../../src/config/discover.ts'
import type { Service } from '../../src/domain/service.ts'
import { container, labels, settings } from './found.ts'

const HEAD = 'docker: { labels: true }\n'

async function resolved(
  found: readonly FoundContainer[],
  file = '',
): Promise<{ services: readonly Service[]; warnings: readonly string[] }> {
  return resolveServices(await settings(HEAD + file), found)
}

/** The one service of a container `ghost` with these labels. */
async function ghost(options: Record<string, string>, file = ''): Promise<Service | undefined> {
  const found = container('ghost', labels({ hosts: 'blog.example.com', ...options }))
  const { services, warnings } = await resolved([found], file)
  t.strictSame(warnings, [])
  return services.at(-1)
}

t.test('labels say what the file would say', async (t) => {
  const text = `
services:
  ghost:
    hosts: [blog.example.com, "*.blog.example.com"]
    paths: [/, /a]
    container: ghost
    port: 2368
    strip_prefix: true
    idle_timeout: 5m
    min_awake: 0
    max_held: 7
    hold_timeout: null
    sleep_mode: pause
    ready: { path: /health, status: 204, health: true }
    ignore: { user_agents: [UptimeRobot, bot], from: [192.0.2.0/24] }
    schedule: [{ days: mon-fri, from: "08:00", to: "18:00" }]
    timezone: Europe/Paris
    busy: { cpu: 10% }
`
  const [fromFile] = (await settings(text)).services
  const fromLabels = await ghost({
    hosts: 'blog.example.com, *.blog.example.com',
    paths: '/,/a',
    port: '2368',
    strip_prefix: 'true',
    idle_timeout: '5m',
    min_awake: '0',
    max_held: '7',
    hold_timeout: '',
    sleep_mode: 'pause',
    'ready.path': '/health',
    'ready.status': '204',
    'ready.health': 'true',
    'ignore.user_agents': 'UptimeRobot,bot',
    'ignore.from': '[192.0.2.0/24]',
    schedule: '[{ days: mon-fri, from: 08:00, to: 18:00 }]',
    timezone: 'Europe/Paris',
    busy: '{ cpu: 10% }',
  })
  t.strictSame(fromLabels, fromFile)
})

t.test('what needs a look at the whole', async (t) => {
  t.match(await ghost({}), { name: 'ghost', idleTimeout: 900_000, part: false })
  t.match(await ghost({ name: 'blog' }), { name: 'blog', target: { key: 'container:ghost' } })
  t.match(await ghost({}, 'defaults: { idle_timeout: 1m, port: 80 }'), {
    idleTimeout: 60_000,
    target: { port: 80 },
  })
  t.match(await ghost({ ready: 'tcp' }), { ready: { kind: 'tcp' } })
  t.match(await ghost({ busy: 'null' }, 'defaults: { busy: { cpu: 10% } }'), { busy: null })
  const { services } = await resolved([container('My_Blog', labels({ hosts: 'a.example.com' }))])
  t.match(services, [{ name: 'my_blog', target: { name: 'My_Blog' } }])
})

const FAULTS: readonly [options: Record<string, string>, warnings: readonly string[]][] = [
  [{ idle_timeut: '5m' }, ['label wakedock.idle_timeut is not an option; did you mean idle_timeout?']],
  [{ 'ready.pth': '/h' }, ['label wakedock.ready.pth is not an option; did you mean path?']],
  [{ '': 'x' }, [/^label wakedock\. is not an option; the options here are hosts, /.source]],
  [
    { idle_timeout: '5' },
    ['label wakedock.idle_timeout has no unit; write 5s for seconds or 5m for minutes'],
  ],
  [
    { port: '80:80' },
    ['label wakedock.port must be a whole number; write 80, the port inside the container'],
  ],
  [{ strip_prefix: 'yes' }, ['label wakedock.strip_prefix must be true or false; write true']],
  [
    { hosts: 'a.example.com,http://b.example.com' },
    ['label wakedock.hosts[1] must be a host without a scheme; write b.example.com'],
  ],
  [{ hosts: '' }, ['label wakedock.hosts is an empty list; give it at least one']],
  [
    { hosts: 'a.example.com,a.example.com' },
    [
      'label wakedock.hosts[1] is the same host and path as label wakedock.hosts[0]; remove one, or tell them apart by paths',
    ],
  ],
  [{ sleep_mode: 'freeze' }, ['label wakedock.sleep_mode must be stop or pause']],
  [
    { schedule: '[{ from: 08:00' },
    ['label wakedock.schedule is not valid YAML; check its brackets and quotes'],
  ],
  [
    { schedule: '[{ from: 08:00, to: 08:00 }]' },
    [
      'label wakedock.schedule[0].to is the same time as from; for a whole day write from: "00:00" and to: "24:00"',
    ],
  ],
  [
    { url: 'http://192.0.2.1' },
    ['label wakedock.url cannot stand in labels: the service is the container itself; remove it'],
  ],
  [
    { container: 'other' },
    ['label wakedock.container cannot stand in labels: the service is the container itself; remove it'],
  ],
  [
    { 'process.command': '[node]' },
    ['label wakedock.process.command cannot stand in labels: the service is the container itself; remove it'],
  ],
  [
    { ready: 'tcp', 'ready.path': '/h' },
    ['label wakedock.ready.path stands beside a label that gives the whole of it; keep one of them'],
  ],
  [
    { name: 'My Blog' },
    [
      'label wakedock.name is not a service name; use a-z, 0-9, ".", "_" and "-", a letter or digit first, 63 at most',
    ],
  ],
  [{ depends_on: 'ghost' }, ['label wakedock.depends_on is the service itself; remove it']],
  [
    { depends_on: 'sidecar,dbb' },
    ['label wakedock.depends_on names dbb, which is not one of the services; did you mean db?'],
  ],
  [
    { max_held: '0', idle_timeut: '5m' },
    [
      'label wakedock.idle_timeut is not an option; did you mean idle_timeout?',
      'label wakedock.max_held must be 1 or more',
    ],
  ],
  [{ __proto__x: 'x' }, [/^label wakedock\.__proto__x is not an option; /.source]],
  [{ '__proto__.port': '1' }, [/^label wakedock\.__proto__ is not an option; /.source]],
]
t.test(
  "a mistake leaves out its container's service, with a sentence that names both, and no other",
  async (t) => {
    const others = [
      container('sidecar', labels({ hosts: 's.example.com' })),
      container('db', labels({ hosts: 'd.example.com' })),
    ]
    for (const [options, expected] of FAULTS) {
      const wrong = container('ghost', labels({ hosts: 'blog.example.com', ...options }))
      const { services, warnings } = await resolved([wrong, ...others])
      t.strictSame(
        services.map(({ name }) => name),
        ['db', 'sidecar'],
        JSON.stringify(options),
      )
      t.equal(warnings.length, expected.length)
      for (const [index, sentence] of expected.entries())
        if (sentence.startsWith('^'))
          t.match(warnings[index]?.replace('container ghost: ', ''), new RegExp(sentence))
        else t.equal(warnings[index], `container ghost: ${sentence}`)
    }
  },
)

t.test('what works, but not as meant, is said and works', async (t) => {
  const found = container(
    'ghost',
    labels({ hosts: 'a.example.com', idle_timeout: '10s', timezone: 'Europe/Paris' }),
  )
  const { services, warnings } = await resolved([found], 'defaults: { ignore: { paths: / } }')
  t.equal(services.length, 1)
  t.strictSame(warnings, [
    'container ghost: label wakedock.min_awake is longer than idle_timeout, and so decides when it sleeps; lower min_awake or raise idle_timeout',
    'container ghost: label wakedock.timezone has no effect without a schedule; add schedule, or remove it',
  ])
})
