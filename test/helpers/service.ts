/** A service as the config would make it, with the defaults of interface.md. */
import type { Service } from '../../src/domain/service.ts'

export function service(name: string, changes: Partial<Service> = {}): Service {
  return {
    name,
    routes: [{ host: `${name}.example.com`, path: '/', stripPrefix: false }],
    target: {
      kind: 'container',
      key: `container:${name}`,
      name,
      port: null,
      scheme: 'http',
      addressed: true,
    },
    part: false,
    needs: [],
    ready: {
      kind: 'http',
      path: '/',
      status: [100, 499],
      timeout: 1_000,
      host: `${name}.example.com`,
      health: false,
    },
    idleTimeout: 900_000,
    streamIdleTimeout: 0,
    minAwake: 30_000,
    startTimeout: 60_000,
    holdTimeout: 60_000,
    stopTimeout: 10_000,
    sleepMode: 'stop',
    drainTimeout: 30_000,
    maxHeld: 1_000,
    waiting: { page: 'never', holdFirst: 2_000, title: null, theme: 'auto' },
    ignore: null,
    schedule: null,
    busy: null,
    ...changes,
  }
}
