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
  wakeFinished,
} from './moves.ts'
import type { TargetStatus, Upstream } from './ports.ts'
import type { Facts, State, Step } from './state.ts'

/** How often a wake lets the provider's own restart policy bring the target back before it is given up. */
const RESTARTS_TOLERATED = 3

export function onStatus(state: State, status: TargetStatus, facts: Facts): Step {
  // A stop is under way or about to be: its own end says what became of the target.
  if (state.name === 'stopping') return [state, []]
  if (status.state === 'running') return onRunning(state, status.upstream, facts)
  const down = { ...state, target: status.state, upstream: null }
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
interface Lost extends Omit<Extract<State, { name: 'awake' }>, 'name' | 'upstream'> {
  readonly name: 'awake' | 'draining'
  readonly upstream: null
}

function onRunning(state: Exclude<State, { name: 'stopping' }>, upstream: Upstream, facts: Facts): Step {
  const same = state.upstream === upstream
  switch (state.name) {
    case 'waking': {
      const startedAt = state.startedAt ?? facts.now
      return [{ ...state, target: 'running', upstream, startedAt, retryAt: null }, []]
    }
    case 'awake':
    case 'draining': // What was drained has ended; the new run is somebody's wish, and nobody has probed it.
      return same ? [state, []] : follow(state, upstream, facts, [changed('was restarted', facts)])
    case 'asleep': {
      const adopted = tell({ type: 'adopted', service: facts.service.name })
      return follow(state, upstream, facts, state.target === 'unknown' ? [adopted] : [])
    }
    case 'failed':
      // The same run that was given up: only another one is a reason to try again without being asked.
      return same ? [state, []] : follow(state, upstream, facts, [])
  }
}

/** The target ended: a death in the wake, a crash after it, or somebody's wish. */
function onDown(state: Down, exit: { exitCode: number | null; oom: boolean }, facts: Facts): Step {
  switch (state.name) {
    case 'waking': {
      // Not started yet, as the provider did not answer: now it can be.
      if (state.startedAt === null) return startAgain(state, state.deaths)
      // Ended by somebody's hand, it seems. Requests that wait are a reason to start it again, once; else so be it.
      const again = facts.held > 0 && state.deaths === 0
      if (again && !isCrash(exit)) return startAgain(state, state.deaths + 1)
      const error = exited(exit, facts)
      // With exit code 0 it may as well be a command that has nothing to do: that is worth an admin's look.
      if (state.deaths > 0 || !bySignal(exit)) return failWake(state, error, 'failed', facts)
      return letBe(state, error, facts)
    }
    case 'awake':
    case 'draining': {
      const what = exit.oom ? 'was killed by the kernel for memory' : describeExit(exit.exitCode)
      const early = facts.now - state.since < HEALTHY_AFTER
      const failures = early && isCrash(exit) ? state.failures + 1 : 0
      // The first crash is forgiven: the next request wakes it at once. From the second on the backoff brakes the loop.
      const next =
        failures < 2
          ? asleep(state, facts)
          : failed(state, exited(exit, facts), facts.now + backoff(failures - 1), facts)
      return [{ ...next, failures }, [changed(what, facts)]]
    }
    case 'failed': {
      const cured = ['unreachable', 'missing', 'no_address'].includes(state.error.reason)
      return [cured ? asleep(state, facts) : state, []]
    }
    case 'asleep':
      return [state, []]
  }
}

/** Somebody has ended the wake, and nobody waits for it. */
function letBe(state: Down & { name: 'waking' }, error: TargetError, facts: Facts): Step {
  return [asleep(state, facts), [tell(wakeFinished(state, 'failed', error, 0, facts))]]
}

function startAgain(state: Down & { name: 'waking' }, deaths: number): Step {
  return [{ ...state, deaths, startedAt: null, retryAt: null, verb: 'start' }, [{ type: 'start' }]]
}

function onRestarting(state: Down, exitCode: number | null, facts: Facts): Step {
  switch (state.name) {
    case 'waking': {
      const deaths = state.deaths + 1
      const next = { ...state, deaths, startedAt: state.startedAt ?? facts.now, retryAt: null }
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
      if (state.startedAt === null || facts.held > 0) return startAgain(state, state.deaths)
      const what = `${targetName(facts.service)} was paused`
      return letBe(state, new TargetError('refused', what, 'Wake it again when it is needed.'), facts)
    }
    case 'awake':
    case 'draining':
      return [asleep(state, facts), [changed('was paused', facts)]]
    case 'asleep':
    case 'failed':
      return [state, []]
  }
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
