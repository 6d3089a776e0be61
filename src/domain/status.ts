/**
 * What the provider says by itself: the target was started, ended, paused, removed or recreated by somebody else, or it
 * died. The other half of the lifecycle: in lifecycle.ts we order, here we follow.
 */
import { TargetError } from '../errors.ts'
import {
  asleep,
  backoff,
  changed,
  describeExit,
  exited,
  failed,
  failWake,
  follow,
  HEALTHY_AFTER,
  targetName,
  tell,
  wake,
  wakeFinished,
} from './moves.ts'
import type { TargetStatus } from './ports.ts'
import type { Service } from './service.ts'
import type { Awake, Common, Facts, State, Step, Waking } from './state.ts'

/** How often a wake lets the provider's own restart policy bring the target back before it is given up. */
const RESTARTS_TOLERATED = 3

export function onStatus(state: State, status: TargetStatus, facts: Facts): Step {
  // A stop is under way or about to be: its own end says what became of the target.
  if (state.name === 'stopping') return [state, []]
  if (status.state === 'running') return onRunning(state, status, facts)
  const down = { ...state, target: status.state, upstream: null, health: null }
  switch (status.state) {
    case 'unusable':
      return onUnusable(down, status.error, facts)
    case 'missing':
      return onMissing(down, state.target === 'unknown', facts)
    case 'restarting':
      return onRestarting(down, status.exitCode, facts)
    case 'stopped':
      return onDown(down, status, facts)
    case 'paused':
      return onPaused(down, facts)
  }
}

/** A state whose upstream is gone already: what it was doing remains to be settled. */
type Down = Exclude<State, { name: 'stopping' | 'awake' | 'draining' }> | Lost
/** It was passing requests a moment ago. */
interface Lost extends Common, Pick<Awake, 'awakeSince'> {
  readonly name: 'awake' | 'draining'
  readonly upstream: null
}

type Run = Extract<TargetStatus, { state: 'running' }>

function onRunning(state: Exclude<State, { name: 'stopping' }>, run: Run, facts: Facts): Step {
  const { upstream, health } = run
  const same = state.upstream === upstream
  switch (state.name) {
    case 'waking':
      return onWakingRun(state, run, facts)
    case 'awake':
    case 'draining': // What was drained has ended; the new run is somebody's wish, and nobody has probed it.
      return same ? [{ ...state, health }, []] : follow(state, run, facts, [changed('was restarted', facts)])
    case 'asleep': {
      const adopted = tell({ type: 'adopted', service: facts.service.name })
      return follow(state, run, facts, state.target === 'unknown' ? [adopted] : [])
    }
    case 'failed': {
      // The same run that was given up: only another one, or its recovery, is a reason to try again without being asked.
      const recovered = health === 'healthy' && state.health !== 'healthy'
      return same && !recovered ? [{ ...state, health }, []] : follow(state, run, facts, [])
    }
  }
}

/** A run that was unhealthy when this wake found it may be one that was frozen, and is let prove itself. */
function onWakingRun(state: Waking, { upstream, health }: Run, facts: Facts): Step {
  const next: Waking = { ...ran(state, facts), target: 'running', upstream, health }
  const gaveUp = health === 'unhealthy' && state.upstream === upstream && state.health !== 'unhealthy'
  if (!gaveUp) return [next, []]
  const error = new TargetError(
    'unhealthy',
    `${targetName(facts.service)} is unhealthy by its own HEALTHCHECK`,
    'See its log, and what the check says: docker inspect, State.Health.Log.',
  )
  return failWake(next, error, 'failed', facts)
}

/** The target ended: a death in the wake, a crash after it, or somebody's wish. */
function onDown(state: Down, exit: { exitCode: number | null; oom: boolean }, facts: Facts): Step {
  switch (state.name) {
    case 'waking': {
      // Not started yet, as the provider did not answer: now it can be.
      if (state.startedAt === null) return startAgain(state, state.deaths)
      if (facts.service.ready.kind === 'completed' && exit.exitCode === 0) return complete(state, facts)
      // Ended by somebody's hand, it seems. Whoever waits is a reason to start it again, once; else so be it.
      const again = isWanted(facts) && state.deaths === 0
      if (again && !isCrash(exit)) return startAgain(state, state.deaths + 1)
      const error = exited(exit, facts)
      // With exit code 0 it may as well be a command that has nothing to do: that is worth an admin's look.
      if (state.deaths > 0 || !bySignal(exit)) return failWake(state, error, 'failed', facts)
      return letBe(state, error, facts)
    }
    case 'awake':
    case 'draining': {
      // A job that could not be stopped has come to its end all the same.
      if (facts.service.ready.kind === 'completed' && exit.exitCode === 0)
        return [asleep(state, 'completed', facts), [changed(describeExit(0), facts)]]
      const what = exit.oom ? 'was killed by the kernel for memory' : describeExit(exit.exitCode)
      const early = facts.now - state.awakeSince < HEALTHY_AFTER
      // What keeps a service brings it back after a crash, or when the engine came back without it. But for the main part of
      // a stack: its end is that of the stack's run, whose next request wakes it whole.
      const comesBack = (isCrash(exit) || facts.afterOutage) && !isMain(facts.service)
      const excused = comesBack ? null : 'hand'
      const failures = early && isCrash(exit) ? state.failures + 1 : 0
      // The first crash is forgiven: the next request wakes it at once. From the second on the backoff brakes the loop.
      const next =
        failures < 2
          ? asleep(state, excused, facts)
          : failed(state, exited(exit, facts), facts.now + backoff(failures - 1), facts)
      return [{ ...next, failures }, [changed(what, facts)]]
    }
    case 'failed': {
      const cured = ['unreachable', 'missing', 'no_address'].includes(state.error.reason)
      return [cured ? asleep(state, null, facts) : state, []]
    }
    case 'asleep':
      return [state, []]
  }
}

/** Its target has run, whoever began that. */
function ran<T extends Waking | (Down & { name: 'waking' })>(state: T, { now }: Facts): T {
  return {
    ...state,
    beganAt: state.beganAt ?? now,
    startedAt: state.startedAt ?? now,
    retryAt: null,
  }
}

function isMain({ part, target }: Service): boolean {
  return part && target.kind === 'container' && target.addressed
}

/** A job has done its work: that is what those who need it wait for. */
function complete(state: Down & { name: 'waking' }, facts: Facts): Step {
  return [asleep(state, 'completed', facts), [tell(wakeFinished(state, 'ready', null, 0, facts))]]
}

/** Requests wait for it, or something keeps it. */
function isWanted({ held, keep }: Facts): boolean {
  return held > 0 || keep !== null
}

/** Somebody has ended the wake, and nobody waits for it. */
function letBe(state: Down & { name: 'waking' }, error: TargetError, facts: Facts): Step {
  return [asleep(state, 'hand', facts), [tell(wakeFinished(state, 'failed', error, 0, facts))]]
}

/** As soon as what it needs is there. */
function startAgain(state: Down & { name: 'waking' }, deaths: number): Step {
  return [{ ...state, deaths, startedAt: null, retryAt: null }, []]
}

function onRestarting(state: Down, exitCode: number | null, facts: Facts): Step {
  switch (state.name) {
    case 'waking': {
      const deaths = state.deaths + 1
      const next = { ...ran(state, facts), deaths }
      if (deaths < RESTARTS_TOLERATED) return [next, []]
      return failWake(next, exited({ exitCode, oom: false }, facts), 'failed', facts)
    }
    case 'awake':
    case 'draining':
      return follow(state, null, facts, [changed(`${describeExit(exitCode)} and is being restarted`, facts)])
    case 'asleep':
    case 'failed':
      return [state, []]
  }
}

function onPaused(state: Down, facts: Facts): Step {
  switch (state.name) {
    case 'waking': {
      if (state.startedAt === null || isWanted(facts)) return startAgain(state, state.deaths)
      const what = `${targetName(facts.service)} was paused`
      return letBe(state, new TargetError('refused', what, 'Wake it again when it is needed.'), facts)
    }
    case 'awake':
    case 'draining':
      return onFrozen(state, facts)
    case 'asleep':
    case 'failed':
      return [state, []]
  }
}

/**
 * Somebody's wish; but after an outage it may be what became of our own pause, and requests that came meanwhile are frozen
 * with it: nobody else would wake it for them.
 */
function onFrozen(state: Lost, facts: Facts): Step {
  const told = changed('was paused', facts)
  if (!facts.afterOutage) return [asleep(state, 'hand', facts), [told]]
  if (facts.inFlight === 0) return [asleep(state, null, facts), [told]]
  const [next, effects] = wake(state, 'request', facts)
  return [next, [told, ...effects]]
}

function onUnusable(state: Down, error: TargetError, facts: Facts): Step {
  if (state.name === 'waking') return failWake(state, error, 'failed', facts)
  // Told again at every resync: its idle time goes on.
  if (state.name === 'failed' && state.error.message === error.message) return [state, []]
  const told = changed(`runs, but cannot be reached: ${error.message}`, facts)
  return [failed(state, error, facts.now, facts), [told]]
}

function onMissing(state: Down, first: boolean, facts: Facts): Step {
  const error = new TargetError(
    'missing',
    `${targetName(facts.service)} does not exist`,
    'Create it (for Compose: docker compose up --no-start), or correct its name in the config.',
  )
  if (state.name === 'waking') return failWake(state, error, 'failed', facts)
  if (state.name === 'failed' && state.error.reason === 'missing') return [state, []]
  const what = first ? 'does not exist' : 'was removed'
  return [failed(state, error, facts.now, facts), [changed(what, facts)]]
}

/** 143, 137 and 130 are SIGTERM, SIGKILL and SIGINT: somebody's wish, unless it was the kernel's, for memory. */
function bySignal(exit: { exitCode: number | null; oom: boolean }): boolean {
  return !exit.oom && exit.exitCode !== null && [130, 137, 143].includes(exit.exitCode)
}

function isCrash(exit: { exitCode: number | null; oom: boolean }): boolean {
  return exit.oom || (exit.exitCode !== 0 && !bySignal(exit))
}
