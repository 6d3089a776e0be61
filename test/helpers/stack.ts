/** Services that need each other, as the config would make them. */
import type { Need, Service } from '../../src/domain/service.ts'
import { service } from './service.ts'

export const key = (name: string): string => `container:${name}`

/** A service that needs these others to be ready. */
export function needing(name: string, others: readonly string[], changes: Partial<Service> = {}): Service {
  return service(name, { needs: others.map((other) => ({ key: key(other), until: 'ready' })), ...changes })
}

interface PartPlan {
  readonly needs?: Readonly<Record<string, Need['until']>>
  readonly ready?: Service['ready']
}

/**
 * A stack and its parts. Parts and their needs are named by what follows the stack's name: {db: {}, app: {needs: {db:
 * 'ready'}}}. The last part gets the requests.
 */
export function stack(
  name: string,
  plans: Readonly<Record<string, PartPlan>>,
  changes: Partial<Service> = {},
): Service[] {
  const names = Object.keys(plans)
  const main = names.at(-1) ?? ''
  const container = (part: string): string => `${name}-${part}`
  const owner = service(name, {
    target: {
      kind: 'group',
      key: `stack:${name}`,
      name: names.map(container).join(', '),
      main: key(container(main)),
    },
    needs: names.map((part) => ({ key: key(container(part)), until: part === main ? 'running' : 'along' })),
    ...changes,
  })
  const { idleTimeout, startTimeout, stopTimeout, sleepMode, drainTimeout } = owner
  const parts = Object.entries(plans).map(([part, { needs = {}, ready }]) =>
    service(`${name}/${part}`, {
      part: true,
      routes: [],
      target: {
        kind: 'container',
        key: key(container(part)),
        name: container(part),
        port: null,
        scheme: 'http',
        addressed: part === main,
      },
      needs: Object.entries(needs).map(([other, until]) => ({ key: key(container(other)), until })),
      ready: ready ?? { kind: 'running', health: true },
      minAwake: 0,
      idleTimeout,
      startTimeout,
      holdTimeout: startTimeout,
      stopTimeout,
      sleepMode,
      drainTimeout,
    }),
  )
  return [owner, ...parts]
}
