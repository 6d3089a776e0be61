/**
 * Start and stop, from whatever state a container is in. Each looks first and acts on the id it found, so that a name
 * never hits another container (container.ts), and each takes a change by somebody else for what it is.
 */
import { TargetError } from '../../errors.ts'
import type { Clock, TargetStatus } from '../../domain/ports.ts'
import type { ContainerTarget } from '../../domain/service.ts'
import type { Observation } from '../follow.ts'
import type { Container } from './container.ts'
import { DEADLINES } from './engine.ts'
import type { Engine } from './engine.ts'
import { missing } from './faults.ts'

export interface VerbsOptions {
  readonly engine: Engine
  readonly clock: Clock
  /** The container of exactly this name. */
  readonly find: (name: string) => Promise<Container | null>
  readonly ask: (target: ContainerTarget) => Promise<Observation>
}

export interface Verbs {
  /** See Provider in domain/ports.ts. */
  start(target: ContainerTarget): Promise<TargetStatus>
  stop(target: ContainerTarget, grace: number): Promise<void>
}

/** What needs no stop. Podman calls a container that never ran `configured`. */
const DOWN = new Set(['created', 'configured', 'exited', 'dead', 'removing'])

/** `docker compose up` may replace a container, and a person may be faster, between the look and the deed. */
const ATTEMPTS = 3

export function createVerbs({ engine, clock, find, ask }: VerbsOptions): Verbs {
  /** False: it was removed under our hands. */
  async function run(container: Container): Promise<boolean> {
    switch (container.State.Status) {
      case 'running':
        return true
      case 'paused':
        return engine.unpause(container)
      case 'restarting':
        // Docker waits between its own restarts, for up to a minute, and answers "not modified" to a start meanwhile.
        await engine.stop(container, 0)
        return engine.start(container)
      default:
        return engine.start(container)
    }
  }

  /** A refusal that came because the state had changed: unpause, for one, refuses what is not paused any more. */
  async function isOutdated(error: unknown, seen: Container): Promise<boolean> {
    if (!isRefusal(error)) return false
    const now = await engine.inspect(seen.Id)
    return now?.State.Status !== seen.State.Status
  }

  return {
    async start(target) {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        const container = await find(target.name)
        if (container === null) break
        try {
          if (!(await run(container))) continue
        } catch (error) {
          if (attempt < ATTEMPTS && (await isOutdated(error, container))) continue
          throw error
        }
        const { status } = await ask(target)
        if (status.state !== 'missing') return status
      }
      throw missing(target.name)
    },

    async stop(target, grace) {
      const container = await find(target.name)
      if (container === null || DOWN.has(container.State.Status)) return
      // A frozen process cannot obey SIGTERM, and Podman refuses to stop it. Resumed meanwhile is as good.
      if (container.State.Status === 'paused') {
        await engine.unpause(container).catch((error: unknown) => {
          if (!isRefusal(error)) throw error
        })
      }
      const overdue = clock.now() + grace + DEADLINES.stopMargin / 2
      try {
        await engine.stop(container, grace)
      } catch (error) {
        // Docker was there, had its time, and has not answered: it is the container that hangs.
        const hangs = error instanceof TargetError && error.reason === 'unreachable' && clock.now() > overdue
        if (!hangs) throw error
        throw new TargetError(
          'stuck',
          `container ${target.name} did not end, not even when killed`,
          'See `docker inspect` and the log of Docker: a process may be waiting for a disk or a network volume.',
          error,
        )
      }
    },
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof TargetError && error.reason === 'refused'
}
