/** What a reload says that it has changed, and what it says needs a restart. */
import t from 'tap'
import { loadConfigText } from '../src/config/load.ts'
import type { Settings } from '../src/config/settings.ts'
import { describeChange, needsRestart } from '../src/reload.ts'

async function load(text: string): Promise<Settings> {
  const config = await loadConfigText(text, 'wakedock.yaml', {})
  if (!config.ok) throw new Error(config.faults.map(({ message }) => message).join())
  return config.settings
}

const blog = 'blog: { hosts: blog.example.com, container: ghost }'
const wiki = 'wiki: { hosts: wiki.example.com, containers: [db, wiki] }'
const of = (...services: string[]): string => `services:\n${services.map((each) => `  ${each}\n`).join('')}`

for (const [what, before, next, said] of [
  ['nothing', of(blog, wiki), of(wiki, blog), []],
  ['a new service', of(blog), of(blog, wiki), ['wiki added']],
  ['a service less', of(blog, wiki), of(blog), ['wiki removed']],
  ['a policy', of(blog), of(blog.replace('}', ', idle_timeout: 5m }')), ['blog changed']],
  [
    'a part more, which is its stack’s change',
    of(wiki),
    of(wiki.replace('db,', 'db, cache,')),
    ['wiki changed'],
  ],
  ['a part’s policy', of(wiki), of(wiki.replace(' }', ', stop_timeout: 5s }')), ['wiki changed']],
  [
    'a stack that becomes a Compose project',
    of(wiki),
    of('wiki: { hosts: wiki.example.com, compose: wiki/app }'),
    ['wiki changed'],
  ],
  ['a default', of(blog), `${of(blog)}defaults: { idle_timeout: 5m }`, ['blog changed']],
  ['a general setting', of(blog), `${of(blog)}limits: { held_requests: 5 }`, ['general settings changed']],
  ['labels', of(blog), `${of(blog)}docker: { labels: true }`, ['general settings changed']],
] as const) {
  t.test(`it says of ${what}: ${said.join() || 'nothing'}`, async (t) => {
    t.strictSame(describeChange(await load(before), await load(next)), said)
  })
}

t.test('what a running daemon cannot take over is named; labels are not among it', async (t) => {
  const before = await load(of(blog))
  t.strictSame(needsRestart(before, await load(`${of(blog)}docker: { labels: true }`)), [])
  t.strictSame(needsRestart(before, await load(`${of(blog)}docker: { network: web }\nlisten: ":8081"`)), [
    'listen',
    'docker',
  ])
})
