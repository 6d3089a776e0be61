/** WakeDock as one that lets requests wait: until its app, which was asleep, has booted. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Holder } from './holds.ts'
import type { WorkloadOptions } from '../workload.ts'
import { startDaemon } from '../../test/helpers/daemon.ts'
import { until, type TestContainer, type TestDocker } from '../../test/helpers/docker.ts'

/** `app` does not run; `host` is what its requests are sent to. */
export async function startWakeDock(
  { main, scope }: WorkloadOptions,
  docker: TestDocker,
  app: TestContainer,
  host: string,
): Promise<Holder> {
  const since = Math.floor(Date.now() / 1000)
  const config = `docker: { host: "${docker.host}" }\nservices:\n  held: { hosts: ${host}, container: ${app.name} }\n`
  const daemon = await startDaemon(scope, { main, config })
  await until('the engine answers', async () => (await fetch(`${daemon.admin}/readyz`)).ok)
  const { pid } = daemon.process
  if (pid === undefined) throw new Error('WakeDock has no process id')
  return {
    pid,
    port: daemon.proxyPort,
    held: async () => (await daemon.service('held')).held,
    release: () => Promise.resolve(),
    async end() {
      await daemon.end()
      await app.handle.stop({ t: 10 })
      const actions = await docker.actions(app.name, since)
      // Docker's record is asked for by whole seconds: the next sample's must not hold this one's start.
      await delay(1100)
      return actions.filter((action) => action === 'start').length
    },
  }
}
