/**
 * Start, stop and pause, from whatever state a container is in. Each looks first and acts on the id it found, so that a name
 * never hits another container (container.ts), and each takes a change by somebody else for what it is.
 */
import { TargetError, toTargetError } from '../../errors.ts'
import type { Clock, TargetStatus } from '../../domain/ports.ts'
import type { ContainerTarget } from '../../domain/service.ts'
import type { Observation } from '../follow.ts'
import { DEADLINES } from './connection.ts'
import type { Container } from './container.ts'
import type { Engine } from './engine.ts'
import { missing } from './faults.ts'
import { delay } from '../delay.ts'

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
  pause(target: ContainerTarget): Promise<void>
}

interface Order {
  /** Docker was told, and the answer did not come. */
  lost: boolean
}

/** What needs no stop and no pause. Podman calls a container that never ran `configured`. */
const DOWN = new Set(['created', 'configured', 'exited', 'dead', 'removing'])

/**
 * Milliseconds. When the connection breaks while Docker carries out a stop or a pause (it is being restarted, say), the container may be
 * down or not: for so long it is asked about again, before it is called running and gets requests.
 */
const LOST_ANSWER = 30_000
const LOST_ANSWER_PACE = 250
/** What the next attempt waits for is not called off. */
const NEVER = new AbortController().signal

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

  async function stop(target: ContainerTarget, grace: number, order: Order): Promise<void> {
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
      order.lost ||= isCut(error)
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
  }

  async function pause(target: ContainerTarget, order: Order): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const container = await find(target.name)
      if (container === null || DOWN.has(container.State.Status)) return
      if (container.State.Status === 'paused') return
      try {
        if (await engine.pause(container)) return
      } catch (error) {
        order.lost ||= isCut(error)
        if (attempt === ATTEMPTS || !(isBusy(error) || (await isOutdated(error, container)))) throw error
      }
    }
  }

  /** Gives the order, and again where its answer was lost, until Docker says what became of it. */
  async function confirmed(give: (order: Order) => Promise<void>): Promise<void> {
    const patience = clock.now() + LOST_ANSWER
    const order = { lost: false }
    for (;;) {
      try {
        await give(order)
        return
      } catch (error) {
        if (!order.lost || !isUnreachable(error) || clock.now() >= patience) throw error
        await delay(clock, LOST_ANSWER_PACE, NEVER)
      }
    }
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

    stop: (target, grace) => confirmed((order) => stop(target, grace, order)),
    pause: (target) => confirmed((order) => pause(target, order)),
  }
}

/**
 * runc gives up freezing a container that starts processes faster than it can stop them (cgroup v1; runc:
 * libcontainer/cgroups/fs/freezer.go), and lets it go on. Seen on a machine under load; the next attempt mostly succeeds.
 */
function isBusy(error: unknown): boolean {
  return isRefusal(error) && /unable to freeze/.test(toTargetError(error).message)
}

function isRefusal(error: unknown): boolean {
  return error instanceof TargetError && error.reason === 'refused'
}

function isUnreachable(error: unknown): boolean {
  return error instanceof TargetError && error.reason === 'unreachable'
}

/** The connection was there, and broke. */
function isCut(error: unknown): boolean {
  if (!isUnreachable(error) || !(error instanceof Error)) return false
  const { cause } = error
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return code === 'ECONNRESET' || code === 'EPIPE'
}
