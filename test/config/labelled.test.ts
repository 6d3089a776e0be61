/** Which labelled containers become services: what wins, and what has to be there. What the labels say is in labels.test.ts. */
import t from 'tap'
import type { FoundContainer } from '../../src/domain/ports.ts'
import { resolveServices } from '../../src/config/discover.ts'
import type { Service } from '../../src/domain/service.ts'
import { composed, container, labels, settings } from './found.ts'

const HEAD = 'docker: { labels: true }\n'

async function resolved(
  found: readonly FoundContainer[],
  file = '',
): Promise<{ services: readonly Service[]; warnings: readonly string[] }> {
  return resolveServices(await settings(HEAD + file), found)
}

t.test('without enable=true, or with labels off, nothing is read', async (t) => {
  const off = container('ghost', { 'wakedock.hosts': 'a.example.com', 'wakedock.bogus': 'x' })
  const no = container('wiki', labels({ enable: 'false', bogus: 'x' }))
  const oneOff = composed('p-run-1', 'p/run/1', '', {
    ...labels({ hosts: 'a.example.com' }),
    'com.docker.compose.oneoff': 'True',
  })
  t.strictSame(await resolved([off, no, oneOff]), { services: [], warnings: [] })
  const on = container('ghost', labels({ hosts: 'a.example.com' }))
  t.strictSame(resolveServices(await settings('services: {}'), [on]), { services: [], warnings: [] })
})

const FILE = `
services:
  blog: { hosts: blog.example.com, container: ghost }
  shop: { hosts: shop.example.com, containers: [shop-db, shop-app] }
  cloud: { hosts: cloud.example.com, compose: nextcloud/app }
`
const RIVALS: readonly [title: string, found: FoundContainer, warning: string][] = [
  [
    'its container',
    container('ghost', labels({ hosts: 'a.example.com' })),
    'container ghost: it belongs to service blog of the config file, which wins; remove its labels',
  ],
  [
    'a container of its stack',
    container('shop-db', labels({ hosts: 'a.example.com' })),
    'container shop-db: it belongs to service shop of the config file, which wins; remove its labels',
  ],
  [
    'the main part of its project',
    composed('cloud7', 'nextcloud/app/1', '', labels({ hosts: 'a.example.com' })),
    'container cloud7: it belongs to service cloud of the config file, which wins; remove its labels',
  ],
  [
    'its name',
    container('other', labels({ name: 'blog', hosts: 'a.example.com' })),
    'container other: there is a service blog in the config file already; set label wakedock.name',
  ],
  [
    'its host and path',
    container('other', labels({ hosts: 'Blog.example.com' })),
    'container other: blog.example.com/ leads to service blog already; change label wakedock.hosts or wakedock.paths',
  ],
]
t.test('the file wins', async (t) => {
  for (const [title, found, warning] of RIVALS) {
    const { services, warnings } = await resolved([found], FILE)
    t.strictSame(
      services.filter(({ part }) => !part).map(({ name }) => name),
      ['blog', 'shop', 'cloud'],
      title,
    )
    t.strictSame(warnings, [warning])
  }
})

t.test('of a service with several routes only those are left out that lead elsewhere', async (t) => {
  const found = container('wiki', labels({ hosts: 'blog.example.com,wiki.example.com' }))
  const { services, warnings } = await resolved([found], FILE)
  t.strictSame(services.at(-1)?.routes, [{ host: 'wiki.example.com', path: '/', stripPrefix: false }])
  t.equal(warnings.length, 1)
})

t.test('a part of a project may be a service by its labels', async (t) => {
  const admin = composed('nextcloud-admin-1', 'nextcloud/admin/1', '', labels({ hosts: 'admin.example.com' }))
  const app = composed('nextcloud-app-1', 'nextcloud/app/1', 'admin:service_started:true')
  const { services, warnings } = await resolved([app, admin], FILE)
  t.strictSame(warnings, [])
  t.strictSame(
    services.map(({ name }) => name),
    ['blog', 'shop', 'shop/shop-db', 'shop/shop-app', 'cloud', 'cloud/app', 'nextcloud-admin-1'],
  )
  t.match(services.find(({ name }) => name === 'cloud/app')?.needs, [
    { key: 'container:nextcloud-admin-1', until: 'running' },
  ])
})

t.test('between two containers the older wins, and then the name', async (t) => {
  const young = container('aaa', labels({ name: 'blog', hosts: 'a.example.com' }), 200)
  const old = container('bbb', labels({ name: 'blog', hosts: 'b.example.com' }), 100)
  const same = container('ccc', labels({ hosts: 'b.example.com' }), 100)
  for (const found of [
    [young, old, same],
    [same, old, young],
  ]) {
    const { services, warnings } = await resolved(found)
    t.match(services, [{ name: 'blog', target: { name: 'bbb' } }])
    t.equal(services.length, 1)
    t.strictSame(warnings, [
      'container aaa: there is a service blog in the labels of container bbb already; set label wakedock.name',
      'container ccc: b.example.com/ leads to service blog already; change label wakedock.hosts or wakedock.paths',
    ])
  }
})

t.test(
  'labels may depend on services of the file and of labels; what nobody needs has to have hosts',
  async (t) => {
    const found = [
      container('wiki', labels({ hosts: 'wiki.example.com', depends_on: 'blog,db,cloud' })),
      container('db', labels({})),
      container('lost', labels({ depends_on: 'lone' })),
      container('lone', labels({})),
    ]
    const { services, warnings } = await resolved(found, FILE)
    t.strictSame(services.find(({ name }) => name === 'wiki')?.needs, [
      { key: 'container:ghost', until: 'ready' },
      { key: 'container:db', until: 'ready' },
      { key: 'compose:nextcloud/app', until: 'ready' },
    ])
    t.match(
      services.find(({ name }) => name === 'db'),
      { routes: [], ready: { kind: 'running' } },
    )
    const missing = 'label wakedock.hosts is missing; add it, for example wakedock.hosts=blog.example.com'
    t.strictSame(warnings, [`container lost: ${missing}`, `container lone: ${missing}`])
  },
)

t.test('a circle of labels is opened', async (t) => {
  const found = [
    container('aa', labels({ hosts: 'a.example.com', depends_on: 'bb' })),
    container('bb', labels({ hosts: 'b.example.com', depends_on: 'aa' })),
  ]
  const { services, warnings } = await resolved(found)
  t.strictSame(
    services.map(({ needs }) => needs.length),
    [1, 0],
  )
  t.match(warnings, [/^service bb: it needs aa, which closes a circle \(aa → bb → aa\)/])
})
