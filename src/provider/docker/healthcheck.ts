/**
 * Runs a container's own HEALTHCHECK at WakeDock's pace: through exec, as Docker itself does it, but without waiting for
 * Docker's interval, which is often 10 to 30 s. Whichever says healthy first counts.
 *
 * One run costs 35 ms of CPU time, most of it in runc, and takes 40 ms on an idle machine (measured on 2 cores, Docker
 * 20.10): back to back, two containers that boot would leave nothing for the boot. So after each run there is a rest as long as
 * the run was, which also slows it down where the machine is busy already.
 */
import { toTargetError } from '../../errors.ts'
import type { Clock, ProbeResult, Upstream } from '../../domain/ports.ts'
import { delay } from '../delay.ts'
import type { Container } from './container.ts'
import type { Engine } from './engine.ts'
import { firstLine } from './output.ts'

/** Milliseconds: Docker's default (moby: daemon/health.go, defaultProbeTimeout). */
const DEFAULT_TIMEOUT = 30_000
/** Milliseconds between looks at a run whose outputs are closed already: the first, doubled up to the last. */
const LOOK_FIRST = 2
const LOOK_LAST = 50
/** Beyond the check's own timeout: that one is to come first. */
const MARGIN = 1000

export interface Healthchecks {
  /** What an inspection has shown of this run of a container. */
  learn(upstream: Upstream, container: Container): void
  /** See DockerProvider. */
  run(upstream: Upstream, signal: AbortSignal): Promise<ProbeResult>
}

interface Check {
  container: Container
  /** Milliseconds on the clock: no run before. */
  restsUntil: number
  running: boolean
  /** A run that was given up. It may go on: Docker has no call that ends it. */
  left: string | null
}

/** The command and its timeout in milliseconds; null: none (moby: daemon/health.go, getProbe). */
export function healthcheckOf({ Config }: Container): { command: readonly string[]; timeout: number } | null {
  const [kind, ...rest] = Config.Healthcheck?.Test ?? []
  const shell = kind === 'CMD-SHELL'
  if ((kind !== 'CMD' && !shell) || rest.length === 0) return null
  const before = shell ? (Config.Shell?.length ? Config.Shell : ['/bin/sh', '-c']) : []
  const timeout = Math.ceil((Config.Healthcheck?.Timeout ?? 0) / 1e6) || DEFAULT_TIMEOUT
  return { command: [...before, ...rest], timeout }
}

export function createHealthchecks({ engine, clock }: { engine: Engine; clock: Clock }): Healthchecks {
  const checks = new WeakMap<Upstream, Check>()

  /** Runs it to its end. @throws TargetError; Error when the signal has aborted. */
  async function execute(check: Check, command: readonly string[], ms: number, signal: AbortSignal) {
    const id = await engine.exec.create(check.container, command, signal)
    check.left = id
    const output = await engine.exec.start(id, ms + MARGIN, signal)
    // Closed outputs are not yet an end: Docker may learn of it a moment later, or the command has closed them itself.
    for (let pause = LOOK_FIRST; ; pause = Math.min(pause * 2, LOOK_LAST)) {
      const seen = await engine.exec.inspect(id, signal)
      if (seen?.running !== true) {
        check.left = null
        return { exitCode: seen?.exitCode ?? null, output }
      }
      await delay(clock, pause, signal)
      signal.throwIfAborted()
    }
  }

  async function attempt(check: Check, signal: AbortSignal): Promise<string | null> {
    const found = healthcheckOf(check.container)
    if (found === null) return 'it has no HEALTHCHECK'
    const { command, timeout } = found
    if (check.left !== null && (await engine.exec.inspect(check.left, signal))?.running === true) {
      return 'an earlier run of its HEALTHCHECK has not ended yet'
    }
    check.left = null
    await delay(clock, check.restsUntil - clock.now(), signal)
    if (signal.aborted) return CALLED_OFF
    const since = clock.now()
    const deadline = new AbortController()
    const timer = clock.setTimer(timeout, () => deadline.abort())
    try {
      const both = AbortSignal.any([signal, deadline.signal])
      const { exitCode, output } = await execute(check, command, timeout, both)
      if (exitCode === 0) return null
      if (exitCode === null) return 'its HEALTHCHECK did not end: the container has stopped'
      const said = firstLine(output)
      return `its HEALTHCHECK exits ${exitCode}${said === '' ? '' : `: ${said}`}`
    } catch (error) {
      if (!deadline.signal.aborted || signal.aborted) throw error
      return `its HEALTHCHECK did not end within ${timeout / 1000} s`
    } finally {
      timer.cancel()
      const now = clock.now()
      check.restsUntil = now + (now - since)
    }
  }

  return {
    learn(upstream, container) {
      const check = checks.get(upstream)
      if (check === undefined) {
        checks.set(upstream, { container, restsUntil: -Infinity, running: false, left: null })
      } else {
        check.container = container
      }
    },

    async run(upstream, signal) {
      const check = checks.get(upstream)
      if (check === undefined) return notReady('it has no HEALTHCHECK')
      if (check.container.State.Health?.Status === 'healthy') return { ready: true }
      if (check.running) return notReady('its HEALTHCHECK is still running')
      check.running = true
      try {
        const why = await attempt(check, signal)
        return why === null ? { ready: true } : notReady(why)
      } catch (error) {
        return notReady(signal.aborted ? CALLED_OFF : toTargetError(error).message)
      } finally {
        check.running = false
      }
    },
  }
}

const CALLED_OFF = 'its HEALTHCHECK was called off'

function notReady(why: string): ProbeResult {
  return { ready: false, why }
}
