/**
 * A HEALTHCHECK that costs as little as one can: BusyBox's wget, mounted into the app's container. The app's image has nothing
 * but Node, and a check by `node -e` would cost more than the boot that it watches. Also the least code that runs such a
 * check as Docker does, by exec: the floor of everything that waits for one.
 */
import { realpath } from 'node:fs/promises'
import { callEngine } from './engine-call.ts'
import type { ContainerOptions } from '../test/helpers/docker.ts'

/** BusyBox is linked statically (Debian's `busybox`): it needs nothing of the image, and acts by the name it is called. */
const CHECK = ['/bin/wget', '-q', '-O', '/dev/null', 'http://127.0.0.1:3000/'] as const

/** Seconds between Docker's own checks: the first comes after this, so that none comes to help a wake that takes less. */
const INTERVAL = 10

/** The same container, with a HEALTHCHECK that passes as soon as the app listens. */
export async function checkedOptions(options: ContainerOptions): Promise<ContainerOptions> {
  const busybox = await realpath('/bin/busybox')
  return {
    ...options,
    host: { ...options.host, Binds: [`${busybox}:${CHECK[0]}:ro`] },
    config: { Healthcheck: { Test: ['CMD', ...CHECK], Interval: INTERVAL * 1e9 } },
  }
}

/** Runs the check in a running container. Resolves to whether it passed. */
export async function runCheck(socketPath: string, container: string): Promise<boolean> {
  const how = { Cmd: CHECK, AttachStdout: true, AttachStderr: true }
  const created = await callEngine(socketPath, 'POST', `/containers/${container}/exec`, how)
  const { Id: id } = JSON.parse(created) as { Id: string }
  // Answered when the check closes its outputs, which is when it ends.
  await callEngine(socketPath, 'POST', `/exec/${id}/start`, { Detach: false, Tty: false })
  for (;;) {
    const seen = JSON.parse(await callEngine(socketPath, 'GET', `/exec/${id}/json`)) as ExecState
    if (!seen.Running) return seen.ExitCode === 0
  }
}

interface ExecState {
  readonly Running: boolean
  readonly ExitCode: number | null
}
