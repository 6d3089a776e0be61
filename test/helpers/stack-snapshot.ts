/** A stack of three containers as the core shows it while one of them has failed. */
import type { PartSnapshot, ServiceSnapshot } from '../../src/domain/gate.ts'
import type { ContainerTarget } from '../../src/domain/service.ts'
import { NOW, snapshot } from './fake-control.ts'
import { service } from './service.ts'

function container(name: string): ContainerTarget {
  return {
    kind: 'container',
    key: `container:${name}`,
    name,
    port: null,
    scheme: 'http',
    addressed: name === 'app',
  }
}

function part(name: string, changes: Partial<PartSnapshot>): PartSnapshot {
  return {
    name: `nextcloud/${name}`,
    target: container(name),
    state: 'awake',
    since: NOW - 12 * 60_000,
    health: null,
    failure: null,
    ...changes,
  }
}

/** nextcloud: db is healthy, cache has failed, app waits for it. The parts come in an order that means nothing. */
export function stackSnapshot(): ServiceSnapshot {
  const names = ['db', 'cache', 'app']
  return snapshot('nextcloud', {
    state: 'waking',
    waitingFor: ['nextcloud/cache'],
    service: service('nextcloud', {
      target: {
        kind: 'group',
        key: 'stack:nextcloud/app',
        name: names.join(', '),
        main: 'container:app',
      },
      needs: names.map((name) => ({ key: `container:${name}`, until: 'along' })),
    }),
    parts: [
      part('app', { state: 'waking', since: NOW - 3000, health: 'starting' }),
      part('cache', {
        state: 'failed',
        since: NOW - 3000,
        failure: {
          reason: 'exited',
          message: 'it\u001b[2J ended',
          hint: 'See its log.',
          at: NOW - 3000,
          retryAt: null,
        },
      }),
      part('db', { health: 'healthy' }),
    ],
  })
}
