/**
 * examples/stack and examples/labels say what they claim: the services that come of them, once the containers are there. (That
 * `wakedock check` accepts every example is in test/integration/examples.test.ts.)
 */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import type { FoundContainer } from '../../src/domain/ports.ts'
import { resolveServices, wantedOf } from '../../src/config/discover.ts'
import { composed, settings } from './found.ts'

function example(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

t.test('examples/stack: every service with its parts', async (t) => {
  const config = await settings(example('examples/stack/wakedock.yaml'))
  t.strictSame(wantedOf(config), { projects: ['nextcloud'], labelled: false })
  const { services, warnings } = resolveServices(config, [
    composed('nextcloud-app-1', 'nextcloud/app/1', 'db:service_healthy:false,cache:service_started:false'),
    composed('nextcloud-db-1', 'nextcloud/db/1'),
    composed('nextcloud-cache-1', 'nextcloud/cache/1'),
  ])
  t.strictSame(warnings, [])
  t.strictSame(
    services.map(({ name, needs }) =>
      [name, ...needs.map(({ key }) => key.replace('container:', ''))].join(' '),
    ),
    [
      'shop search shop-db shop-cache shop',
      'shop/shop-db search',
      'shop/shop-cache shop-db',
      'shop/shop shop-cache',
      'wiki search',
      'search',
      'cloud nextcloud-app-1 nextcloud-cache-1 nextcloud-db-1',
      'cloud/app nextcloud-db-1 nextcloud-cache-1',
      'cloud/cache',
      'cloud/db',
    ],
  )
})

/** The containers that `docker compose create` makes of a compose file, in a folder of this name. */
function created(text: string, project: string): FoundContainer[] {
  const file: { services: Record<string, { labels: Record<string, string> }> } = parse(text)
  return Object.entries(file.services).map(([service, { labels }]) =>
    composed(`${project}-${service}-1`, `${project}/${service}/1`, '', labels),
  )
}

t.test('examples/labels: every container is a service', async (t) => {
  const config = await settings(example('examples/labels/wakedock.yaml'))
  t.strictSame(wantedOf(config), { projects: [], labelled: true })
  const found = created(example('examples/labels/compose.yaml'), 'labels')
  const { services, warnings } = resolveServices(config, found)
  t.strictSame(warnings, [])
  t.match(services, [
    {
      name: 'blog',
      routes: [{ host: 'blog.example.com' }, { host: 'www.blog.example.com' }],
      idleTimeout: 600_000,
      ready: { path: '/ghost/api/admin/site/' },
    },
    { name: 'wiki-db', routes: [], target: { name: 'labels-db-1' }, ready: { kind: 'running' } },
    {
      name: 'wiki',
      target: { port: 3000 },
      needs: [{ key: 'container:labels-db-1' }],
      idleTimeout: 1_800_000,
      schedule: { timeZone: 'Europe/Paris' },
      ignore: { userAgents: ['uptimerobot', 'bot'] },
    },
  ])
})
