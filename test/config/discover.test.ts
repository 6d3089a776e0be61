/** Compose projects as stacks: parts, what they wait for, and what is shared. Labels are in labelled.test.ts. */
import t from 'tap'
import type { FoundContainer } from '../../src/domain/ports.ts'
import type { Service } from '../../src/domain/service.ts'
import { resolveServices, wantedOf } from '../../src/config/discover.ts'
import { composed, container, settings } from './found.ts'

const CLOUD = 'services: { cloud: { hosts: cloud.example.com, compose: nextcloud/app, port: 80 } }'

/** "name container needs…": what matters of a service here. */
function lines(services: readonly Service[]): string[] {
  return services.map(({ name, target, needs, ready }) => {
    const edges = needs.map(({ key, until }) => `${key.replace('container:', '')}=${until}`).join(' ')
    const what = target.kind === 'group' ? `main=${target.main.replace('container:', '')}` : target.kind
    return [name, what, ready.kind, edges].filter(Boolean).join(' ')
  })
}

async function resolved(text: string, found: readonly FoundContainer[]): Promise<string[]> {
  const { services, warnings } = resolveServices(await settings(text), found)
  return [...lines(services), ...warnings]
}

t.test('what has to be listed', async (t) => {
  const cases: readonly [text: string, wanted: unknown][] = [
    ['services: { blog: { hosts: a.example.com, containers: [db, app] } }', null],
    [CLOUD, { projects: ['nextcloud'], labelled: false }],
    ['docker: { labels: true }', { projects: [], labelled: true }],
    [
      'services: { a: { hosts: a.example.com, compose: p/a }, b: { hosts: b.example.com, compose: p/b }, c: { hosts: c.example.com, compose: o/a } }',
      { projects: ['p', 'o'], labelled: false },
    ],
  ]
  for (const [text, wanted] of cases) t.strictSame(wantedOf(await settings(text)), wanted, text)
})

const CASES: readonly [title: string, found: readonly FoundContainer[], expected: readonly string[]][] = [
  [
    'before anything is found, requests wait for the container that Compose would make',
    [],
    ['cloud main=nextcloud-app-1 http nextcloud-app-1=running', 'cloud/app container running'],
  ],
  [
    'conditions become what is waited for, and how it is checked',
    [
      composed(
        'nextcloud-app-1',
        'nextcloud/app/1',
        'db:service_healthy:false,cache:service_started:true,migrate:service_completed_successfully:false,old:service_running_or_healthy:true',
      ),
      composed('nextcloud-db-1', 'nextcloud/db/1'),
      composed('nextcloud-cache-1', 'nextcloud/cache/1'),
      composed('nextcloud-migrate-1', 'nextcloud/migrate/1', 'db:service_healthy:false'),
      composed('nextcloud-old-1', 'nextcloud/old/1'),
    ],
    [
      'cloud main=nextcloud-app-1 http nextcloud-app-1=running nextcloud-cache-1=along nextcloud-db-1=along nextcloud-migrate-1=along nextcloud-old-1=along',
      'cloud/app container running nextcloud-db-1=ready nextcloud-cache-1=running nextcloud-migrate-1=completed nextcloud-old-1=ready',
      'cloud/cache container running',
      'cloud/db container health',
      'cloud/migrate container completed nextcloud-db-1=ready',
      'cloud/old container running',
    ],
  ],
  [
    'the form without conditions',
    [
      composed('nextcloud-app-1', 'nextcloud/app/1', 'db, cache'),
      composed('nextcloud-db-1', 'nextcloud/db/1'),
      composed('nextcloud-cache-1', 'nextcloud/cache/1'),
    ],
    [
      'cloud main=nextcloud-app-1 http nextcloud-app-1=running nextcloud-cache-1=along nextcloud-db-1=along',
      'cloud/app container running nextcloud-db-1=ready nextcloud-cache-1=ready',
      'cloud/cache container running',
      'cloud/db container running',
    ],
  ],
  [
    'the first replica gets the requests; what needs a service needs all of its replicas',
    [
      composed('nextcloud-db-10', 'nextcloud/db/10'),
      composed('nextcloud-db-2', 'nextcloud/db/2'),
      composed('nextcloud-app-3', 'nextcloud/app/3', 'db:service_started:false'),
      composed('nextcloud-app-2', 'nextcloud/app/2', 'db:service_started:false'),
    ],
    [
      'cloud main=nextcloud-app-2 http nextcloud-app-2=running nextcloud-app-3=along nextcloud-db-2=along nextcloud-db-10=along',
      'cloud/app container running nextcloud-db-2=running nextcloud-db-10=running',
      'cloud/app:3 container running nextcloud-db-2=running nextcloud-db-10=running',
      'cloud/db container running',
      'cloud/db:10 container running',
    ],
  ],
  [
    'a sidecar may wait for the main part',
    [
      composed('nextcloud-app-1', 'nextcloud/app/1'),
      composed('nextcloud-cron-1', 'nextcloud/cron/1', 'app:service_healthy:false'),
    ],
    [
      'cloud main=nextcloud-app-1 http nextcloud-app-1=running nextcloud-cron-1=along',
      'cloud/app container health',
      'cloud/cron container running nextcloud-app-1=ready',
    ],
  ],
  [
    'while the main part does not exist the rest is there',
    [composed('nextcloud-db-1', 'nextcloud/db/1')],
    [
      'cloud main=nextcloud-app-1 http nextcloud-db-1=along nextcloud-app-1=running',
      'cloud/db container running',
      'cloud/app container running',
    ],
  ],
  [
    'other projects, one-off containers, services without a container (a profile) and other containers do not matter',
    [
      composed('nextcloud-app-1', 'nextcloud/app/1', 'debug:service_started:false'),
      composed(
        'nextcloud-app-run-1',
        'nextcloud/app/1',
        '',
        { 'com.docker.compose.oneoff': 'True' },
        1_900_000_000,
      ),
      composed('other-app-1', 'other/app/1'),
      container('nextcloud-app-7', {}),
    ],
    ['cloud main=nextcloud-app-1 http nextcloud-app-1=running', 'cloud/app container running'],
  ],
  [
    'during a recreate the name that lasts is meant, whichever of the two has it',
    [
      composed('nextcloud-app-1', 'nextcloud/app/1', '', {}, 1),
      composed('0123456789ab_nextcloud-app-1', 'nextcloud/app/1', '', {}, 2),
      composed('0123456789ab_nextcloud-db-1', 'nextcloud/db/1', '', {}, 1),
      composed('nextcloud-db-1', 'nextcloud/db/1', '', {}, 2),
    ],
    [
      'cloud main=nextcloud-app-1 http nextcloud-app-1=running nextcloud-db-1=along',
      'cloud/app container running',
      'cloud/db container running',
    ],
  ],
  [
    'of two with the same number the newer is meant',
    [composed('old', 'nextcloud/app/1', '', {}, 1), composed('new', 'nextcloud/app/1', '', {}, 2)],
    ['cloud main=new http new=running', 'cloud/app container running'],
  ],
  [
    'a circle, which Compose itself would refuse, loses the edge that closes it, aloud',
    [
      composed('nextcloud-app-1', 'nextcloud/app/1', 'db:service_started:false'),
      composed('nextcloud-db-1', 'nextcloud/db/1', 'app:service_started:false'),
    ],
    [
      'cloud main=nextcloud-app-1 http nextcloud-app-1=running nextcloud-db-1=along',
      'cloud/app container running nextcloud-db-1=running',
      'cloud/db container running',
      'service cloud/db: it needs cloud/app, which closes a circle (cloud/app → cloud/db → cloud/app), and is woken without it; change depends_on of one of these',
    ],
  ],
]
t.test('a Compose project is a stack', async (t) => {
  for (const [title, found, expected] of CASES) {
    t.strictSame(await resolved(CLOUD, found), expected, title)
    t.strictSame(await resolved(CLOUD, found.toReversed()), expected, `${title}, listed in another order`)
  }
})

const PROJECT = [
  composed('p-app-1', 'p/app/1', 'db:service_started:false'),
  composed('p-admin-1', 'p/admin/1', 'db:service_started:false'),
  composed('p-db-1', 'p/db/1'),
]

t.test('two services of one project share its parts, with the larger times', async (t) => {
  const text = `
services:
  site: { hosts: site.example.com, compose: p/app, port: 80, start_timeout: 20s, idle_timeout: 5m, sleep_mode: pause }
  blog: { hosts: blog.example.com, container: ghost }
  admin: { hosts: admin.example.com, compose: p/admin, port: 81, start_timeout: 90s, idle_timeout: 0, drain_timeout: 40s, stop_timeout: 5s }
`
  const { services } = resolveServices(await settings(text), PROJECT)
  t.strictSame(lines(services), [
    'site main=p-app-1 http p-admin-1=along p-app-1=running p-db-1=along',
    'site/admin container running p-db-1=running',
    'site/app container running p-db-1=running',
    'site/db container running',
    'blog container http',
    'admin main=p-admin-1 http p-admin-1=running p-app-1=along p-db-1=along',
  ])
  t.match(services.find(({ name }) => name === 'site/admin')?.target, { port: 81, addressed: true })
  t.match(services.find(({ name }) => name === 'site/app')?.target, { port: 80, addressed: true })
  const db = services.find(({ name }) => name === 'site/db')
  t.match(db?.target, { port: null, addressed: false })
  t.match(db, {
    part: true,
    startTimeout: 90_000,
    holdTimeout: 90_000,
    stopTimeout: 10_000,
    drainTimeout: 40_000,
    idleTimeout: 0,
    sleepMode: 'pause',
  })
})

t.test('a container that is a service of its own is no part once more', async (t) => {
  const text = `
services:
  site: { hosts: site.example.com, compose: p/app, depends_on: [db, mail] }
  db: { container: p-db-1 }
  mail: { container: postfix }
  admin: { hosts: admin.example.com, container: p-admin-1 }
`
  t.strictSame(await resolved(text, PROJECT), [
    'site main=p-app-1 http p-db-1=ready postfix=ready p-admin-1=along p-app-1=running',
    'site/app container running p-db-1=running postfix=ready',
    'db container running',
    'mail container running',
    'admin container http',
  ])
})

t.test('a stack that is needed, and the service that needs it', async (t) => {
  const text = `
services:
  blog: { hosts: blog.example.com, container: ghost, depends_on: site }
  site: { compose: p/app }
`
  t.strictSame(await resolved(text, PROJECT), [
    'blog container http compose:p/app=ready',
    'site main=p-app-1 running p-admin-1=along p-app-1=running p-db-1=along',
    'site/admin container running p-db-1=running',
    'site/app container running p-db-1=running',
    'site/db container running',
  ])
  const { services } = resolveServices(await settings(text), PROJECT)
  t.match(services.find(({ name }) => name === 'site/app')?.target, { addressed: false })
})

t.test('a circle through the file and a project is opened', async (t) => {
  const text = `
services:
  site: { hosts: site.example.com, compose: p/app }
  db: { hosts: db.example.com, container: p-db-1, depends_on: site }
`
  t.strictSame((await resolved(text, PROJECT)).slice(-2), [
    'db container http',
    'service db: it needs site, which closes a circle (site → site/admin → db → site), and is woken without it; change depends_on of one of these',
  ])
})

t.test('what the engine lists leaves the services of the file as they are', async (t) => {
  const config = await settings(
    'docker: { labels: true }\nservices: { blog: { hosts: blog.example.com, container: ghost } }',
  )
  const { services, warnings } = resolveServices(config, [...PROJECT, container('ghost', {})])
  t.equal(services[0], config.services[0])
  t.equal(services.length, 1)
  t.strictSame(warnings, [])
})
