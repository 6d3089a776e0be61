/**
 * Local processes as targets: the way to run WakeDock without Docker. A process is started with PORT in its environment,
 * and ends with an orderly end of WakeDock, like a child of any supervisor. When WakeDock itself is killed they run
 * on, and the next WakeDock with the same config file adopts them (procfs.ts; Linux).
 */
import { setTimeout as delay } from 'node:timers/promises'
import { TargetError } from '../../errors.ts'
import type { Clock, Insight, Provider, TargetStatus, Upstream, Usage } from '../../domain/ports.ts'
import type { ProcessTarget, Target } from '../../domain/service.ts'
import { Follower } from '../follow.ts'
import type { Observation } from '../follow.ts'
import { createCanon } from '../upstreams.ts'
import type { OnLine, StreamName } from './output.ts'
import { isPortFree } from './port.ts'
import { MARK, cpuSecondsOf, findOrphans, makeMark, residentBytesOf } from './procfs.ts'
import type { Found } from './procfs.ts'
import { RecentLines } from './recent-lines.ts'
import { adopt, groupLives, launch, signalGroup } from './run.ts'
import type { Run } from './run.ts'

export interface ProcessProviderOptions {
  readonly clock: Clock
  /** Absolute path of the config file: a process is adopted only by a WakeDock with the same one. */
  readonly scope: string
  /** What processes inherit; asked at each start. */
  readonly env: () => NodeJS.ProcessEnv
  /** Called for each line that a process prints. `service` is the target's name. */
  readonly log: (service: string, stream: StreamName, line: string) => void
  /** Milliseconds that close() gives each process before it is killed. Default 10,000. */
  readonly closeGrace?: number
}

/** Milliseconds between looks at a group or a port that is going away: the first, doubled up to the last. */
const LOOK_FIRST = 5
const LOOK_LAST = 100
/** After SIGKILL only the kernel can be in the way. */
const LAST_WAIT = 5000

export function createProcessProvider(options: ProcessProviderOptions): Provider & Insight {
  const { clock, log, scope, env, closeGrace = 10_000 } = options
  const runs = new Map<string, { target: ProcessTarget; run: Run }>()
  /** What each has printed, by key. */
  const printed = new Map<string, RecentLines>()
  const canon = createCanon()
  /** Those that were told to end: their group has its grace. */
  const stopping = new WeakSet<Run>()
  const orphans = new Map<string, Found>()
  /** Adopted once: later on, everything that carries our mark is known. */
  let adopting: Promise<void> | null = null
  let open = false

  const follower = new Follower<ProcessTarget>({ ask: look, clock, limit: Infinity })

  function keep(target: ProcessTarget, run: Run): void {
    runs.set(target.key, { target, run })
    changed(target)
    void onEnd(target, run)
  }

  async function onEnd(target: ProcessTarget, run: Run): Promise<void> {
    await run.ended
    // What a leader leaves behind when it dies by itself would keep the port, and with it the next start.
    if (!stopping.has(run)) signalGroup(run, 'SIGKILL')
    changed(target)
  }

  function linesOf({ key }: ProcessTarget): RecentLines {
    const known = printed.get(key) ?? new RecentLines()
    printed.set(key, known)
    return known
  }

  /** Hears what a run prints. */
  function listen(target: ProcessTarget): OnLine {
    const lines = linesOf(target)
    return (stream, text) => {
      lines.add({ at: clock.wallTime(), stream, text })
      log(target.name, stream, text)
    }
  }

  function changed({ key }: ProcessTarget): void {
    follower.changed((other) => other.key === key)
  }

  async function adoptOnce(target: ProcessTarget): Promise<void> {
    adopting ??= adoptAll()
    await adopting
    const found = orphans.get(target.key)
    orphans.delete(target.key)
    if (found !== undefined) keep(target, adopt(found, clock, listen(target)))
  }

  async function adoptAll(): Promise<void> {
    for (const [key, found] of await findOrphans(scope)) orphans.set(key, found)
  }

  async function look(target: ProcessTarget): Promise<Observation> {
    await adoptOnce(target)
    const run = runs.get(target.key)?.run
    const status = canon(target, statusOf(target, run))
    return { status, mark: `${status.state} ${run?.generation}` }
  }

  async function start(target: ProcessTarget): Promise<TargetStatus> {
    const { status } = await look(target)
    if (status.state === 'running') return status
    if (!(await isPortFree(target.port))) {
      throw new TargetError(
        'refused',
        `port ${target.port} is already used by another program`,
        `End it (ss -ltnp shows who listens on ${target.port}), or give ${target.name} another port.`,
      )
    }
    const own = {
      ...env(),
      ...target.env,
      PORT: String(target.port),
      [MARK]: await makeMark(scope, target.key),
    }
    const run = await launch(target, own, listen(target))
    keep(target, run)
    return canon(target, statusOf(target, run))
  }

  async function stop(target: ProcessTarget, grace: number): Promise<void> {
    await adoptOnce(target)
    const run = runs.get(target.key)?.run
    if (run === undefined || run.exit !== null) return
    stopping.add(run)
    signalGroup(run, 'SIGTERM')
    // The whole group has the grace: `npm start` ends before the app it has started.
    if (!(await until(async () => run.exit !== null && !(await groupLives(run)), grace))) {
      signalGroup(run, 'SIGKILL')
      if (!(await until(() => run.exit !== null, LAST_WAIT))) {
        throw stuck(target, `process ${run.pid} did not end when it was killed`)
      }
    }
    if (!(await until(() => isPortFree(run.port), LAST_WAIT))) {
      throw stuck(target, `port ${run.port} is still in use after the process has ended`)
    }
  }

  /** What passes through its sockets is not counted by anybody. */
  async function usage(target: ProcessTarget): Promise<Usage> {
    await adoptOnce(target)
    const run = runs.get(target.key)?.run
    const cpuSeconds = run === undefined || run.exit !== null ? null : await cpuSecondsOf(run.pid)
    if (cpuSeconds === null) {
      throw new TargetError(
        'refused',
        `${target.name}: nothing tells how much CPU time it has used`,
        'It has to run, on Linux; elsewhere remove `busy`.',
      )
    }
    return { cpuSeconds, networkBytes: null }
  }

  async function memory(target: ProcessTarget): Promise<number | null> {
    await adoptOnce(target)
    const run = runs.get(target.key)?.run
    return run === undefined || run.exit !== null ? null : residentBytesOf(run.pid)
  }

  async function until(check: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
    const deadline = clock.now() + ms
    let pause = LOOK_FIRST
    while (!(await check())) {
      if (clock.now() >= deadline) return false
      // Not the clock's timer, which keeps nothing alive: at the end of WakeDock this wait is all there is left.
      await delay(pause)
      pause = Math.min(pause * 2, LOOK_LAST)
    }
    return true
  }

  return {
    name: 'process',
    start: (target) => follower.verb(processOf(target), () => start(processOf(target))),
    stop: (target, grace) => follower.verb(processOf(target), () => stop(processOf(target), grace)),
    pause: (target) => Promise.reject(unfreezable(processOf(target))),
    usage: (target) => usage(processOf(target)),
    memory: (target) => memory(processOf(target)),
    logs: (target, options) => linesOf(processOf(target)).read(options),
    inspect: (target) => follower.inspect(processOf(target)),
    watch(targets, listener) {
      const own = targets.filter((target) => target.kind === 'process')
      follower.watch(own, listener)
      const keys = new Set(own.map(({ key }) => key))
      for (const key of printed.keys()) if (!keys.has(key)) printed.delete(key)
      if (open || own.length === 0) return
      open = true
      // Not from within watch(): nobody expects to be called back before the call returns.
      setImmediate(() => {
        listener.back('process')
        follower.resync()
      })
    },
    async close() {
      follower.close()
      const live = [...runs.values()].filter(({ run }) => run.exit === null)
      await Promise.allSettled(
        live.map(({ target }) => follower.verb(target, () => stop(target, closeGrace))),
      )
    },
  }
}

function statusOf(target: ProcessTarget, run: Run | undefined): TargetStatus {
  if (run === undefined) return { state: 'stopped', exitCode: null, oom: false }
  if (run.exit !== null) return { state: 'stopped', exitCode: run.exit.code, oom: false }
  const upstream: Upstream = {
    protocol: target.scheme,
    ...(target.tls && { tls: target.tls }),
    host: '127.0.0.1',
    port: run.port,
    generation: run.generation,
    relayed: false,
    healthcheck: false,
  }
  return { state: 'running', upstream, health: null }
}

function stuck(target: ProcessTarget, what: string): TargetError {
  return new TargetError(
    'stuck',
    `${target.name}: ${what}`,
    'See what it waits for (ps, ss -ltnp), and end it by hand.',
  )
}

function unfreezable(target: ProcessTarget): TargetError {
  return new TargetError(
    'refused',
    `${target.name} is a local process, which cannot be paused`,
    'Set `sleep_mode: stop`.',
  )
}

function processOf(target: Target): ProcessTarget {
  if (target.kind === 'process') return target
  throw new Error(`${target.key} is no process`)
}
