/**
 * Stacks: one service for the outside, and a hidden part for each of its containers. What orders them are the needs: the
 * service needs its parts, the parts need each other.
 */
import type { Need, ReadyCheck, Service } from '../domain/service.ts'
import { containerKey, containerTarget } from './build-target.ts'
import type { Reached } from './settings.ts'

interface PartPlan {
  /** After the owner's name and a slash. */
  readonly name: string
  readonly container: string
  /** How requests reach it; null: it gets none. */
  readonly reached: Reached | null
  readonly ready: ReadyCheck
  readonly needs: readonly Need[]
}

const UNREACHED: Reached = { port: null, scheme: 'http', addressed: false }

/**
 * The check of a part that only has to run, and of one that others wait for. A HEALTHCHECK that nobody waits for is not run: many
 * are wrong, and harm nobody.
 */
export const RUNS: ReadyCheck = { kind: 'running', health: false }
export const RUNS_WELL: ReadyCheck = { kind: 'running', health: true }

/**
 * A part of `owners` (the first names it). It sleeps and wakes as they want; where they differ in a time, the larger one is
 * right for both.
 */
export function stackPart(owners: readonly [Service, ...Service[]], plan: PartPlan): Service {
  const [first] = owners
  const largest = (of: (service: Service) => number): number => Math.max(...owners.map(of))
  const startTimeout = largest((owner) => owner.startTimeout)
  return {
    name: `${first.name}/${plan.name}`,
    routes: [],
    target: containerTarget(plan.container, plan.reached ?? UNREACHED),
    part: true,
    needs: plan.needs,
    ready: plan.ready,
    // 0 is never, and that is longer than anything.
    idleTimeout: owners.some((owner) => owner.idleTimeout === 0) ? 0 : largest((owner) => owner.idleTimeout),
    streamIdleTimeout: 0,
    minAwake: 0,
    startTimeout,
    holdTimeout: startTimeout,
    stopTimeout: largest((owner) => owner.stopTimeout),
    sleepMode: first.sleepMode,
    drainTimeout: largest((owner) => owner.drainTimeout),
    maxHeld: first.maxHeld,
    waiting: first.waiting,
    ignore: null,
    schedule: null,
    busy: null,
  }
}

/** `containers`: the service and its parts, each waiting for the one before it. */
export function containerParts(owner: Service, containers: readonly string[], reached: Reached): Service[] {
  const parts = containers.map((container, index): Service => {
    const main = index === containers.length - 1
    const before = containers[index - 1]
    return stackPart([owner], {
      name: container,
      container,
      reached: main ? reached : null,
      ready: main ? RUNS : RUNS_WELL,
      // What the service depends on comes before all of it.
      needs: before === undefined ? owner.needs : [{ key: containerKey(before), until: 'ready' }],
    })
  })
  return [
    withParts(
      owner,
      parts.map(({ target }) => target.key),
      containerKey(containers.at(-1) ?? ''),
    ),
    ...parts,
  ]
}

/** The service of a stack with the parts that it needs, and with the one that gets the requests. */
export function withParts(owner: Service, keys: readonly string[], main: string): Service {
  if (owner.target.kind !== 'group') throw new Error(`service ${owner.name} is no stack`)
  const needs = keys.map((key): Need => ({ key, until: key === main ? 'running' : 'along' }))
  return { ...owner, target: { ...owner.target, main }, needs: distinct([...owner.needs, ...needs]) }
}

/** Of several needs of one target the first: what an admin wrote comes before what a stack says. */
export function distinct(needs: readonly Need[]): readonly Need[] {
  return needs.filter(({ key }, index) => needs.findIndex((need) => need.key === key) === index)
}
