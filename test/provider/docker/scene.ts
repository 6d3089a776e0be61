/** A provider in front of the engine under test, and what its tests ask of it. */
import { createDockerProvider } from '../../../src/provider/docker/provider.ts'
import type { DockerProvider } from '../../../src/provider/docker/provider.ts'
import type { TargetStatus, Upstream } from '../../../src/domain/ports.ts'
import type { ContainerTarget } from '../../../src/domain/service.ts'
import { openDocker } from '../../helpers/docker.ts'
import type { Scope, TestDocker } from '../../helpers/docker.ts'
import { clock } from '../../../src/clock.ts'
import { Listener, containerTarget } from '../outside.ts'

export interface Scene {
  docker: TestDocker
  provider: DockerProvider
  listener: Listener
  /** Of the container with this suffix. */
  target: (suffix: string, more?: Partial<ContainerTarget>) => ContainerTarget
}

/** `host`: another way to the engine than the direct one. */
export async function open(t: Scope, host?: string): Promise<Scene> {
  const docker = await openDocker(t)
  const provider = createDockerProvider({ host: host ?? docker.host, network: null, clock: clock })
  t.teardown(() => provider.close())
  const target: Scene['target'] = (suffix, more) => containerTarget(docker.name(suffix), more)
  return { docker, provider, listener: new Listener(), target }
}

export function upstreamOf(status: TargetStatus | undefined): Upstream {
  if (status?.state !== 'running') throw new Error(`not running: ${JSON.stringify(status)}`)
  return status.upstream
}
