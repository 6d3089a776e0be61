/** Invariants 2 and 6: when a target is started, and when a service counts as ready. */
import type { ServiceRuntime } from '../../../src/domain/service-runtime.ts'
import type { DomainEvent } from '../../../src/domain/ports.ts'
import type { Need, Target } from '../../../src/domain/service.ts'
import type { Scene } from '../scene.ts'

/** Called by the provider before it begins a start. */
export function onStart(scene: Scene, target: Target): void {
  checkReplacement(scene, target)
  const runtime = scene.of(target)
  if (runtime === undefined) return
  const { name, needs } = runtime.service
  const track = scene.track(runtime)
  if (track.state !== 'waking' && track.state !== 'failed' && track.state !== 'stopping')
    scene.break(2, `${name} is ${track.state}, and its target is started`)
  for (const need of needs) {
    const other = scene.runtimes.find(({ service }) => service.target.key === need.key)
    // Decided when the need was met; then it had to wait for the end of the verb of a service that a reload took out.
    if (track.follows) continue
    if (other !== undefined && !isMet(scene, need, other))
      scene.break(2, `${name} is started before ${other.service.name} is ${need.until}`)
  }
  track.follows = false
  if (track.started) scene.break(6, `${name} is started twice in one wake`)
  const { provider } = scene.world
  // One that hangs has not had its effect yet, and one that the provider does not hear of never will.
  const reached = provider.reachable || target.kind === 'process'
  track.started = reached && !provider.manual
  track.starting = reached && provider.manual
}

/** As far as the core can know: news that it has not heard may have overtaken it. */
function isMet(scene: Scene, { until }: Need, other: ServiceRuntime): boolean {
  const { target } = other.service
  const { state, lostIn, done } = scene.track(other)
  // Between the decision to start and the call lies a moment, in which the last news may have come.
  if (lostIn === scene.turn) return true
  const { provider } = scene.world
  const status = target.kind === 'group' ? null : provider.status(target)
  const heard = status === null || provider.isHeard(target)
  switch (until) {
    case 'along':
      return true
    case 'ready':
      return state === 'awake' || state === 'draining'
    case 'running':
      return !heard || status === null || status.state === 'running' || status.state === 'unusable'
    case 'completed':
      // Whoever runs it again by hand afterwards takes nothing back.
      return !heard || done || (status?.state === 'stopped' && status.exitCode === 0)
  }
}

/** A process that replaces another one starts when that was stopped: they would want the same port. */
function checkReplacement(scene: Scene, target: Target): void {
  const { provider } = scene.world
  for (const other of provider.targets) {
    if (other.kind !== 'process' || target.kind !== 'process' || other.key === target.key) continue
    if (provider.verb(other) !== null) scene.break(2, `${target.key} starts during a verb on ${other.key}`)
    if (isLeftRunning(scene, other)) scene.break(2, `${target.key} starts beside ${other.key}`)
  }
}

/** It runs, and nobody has tried to stop it since it was started: a stop may fail. */
export function isLeftRunning({ world: { provider } }: Scene, target: Target): boolean {
  const { key } = target
  const tried = Math.max(
    provider.calls.lastIndexOf(`stop ${key}`),
    provider.calls.lastIndexOf(`pause ${key}`),
  )
  return provider.status(target).state === 'running' && tried <= provider.calls.lastIndexOf(`start ${key}`)
}

/** Ready is what a probe of this very run has said, or its own HEALTHCHECK where that suffices. */
export function onAwake(scene: Scene, event: DomainEvent & { type: 'state' }): void {
  if (event.to !== 'awake' || event.from !== 'waking') return
  const { state, service } = scene.world.activator.gate(event.service)
  const { kind } = service.ready
  const proven = scene.world.proven.has(`${state.upstream?.generation} ${kind}`)
  const healthy = (kind === 'running' || kind === 'health') && state.health === 'healthy'
  if (!proven && !healthy) scene.break('ready', `${service.name} is awake, and nobody has seen it ready`)
}
