/**
 * One run of a local process: spawned as the leader of its own process group, or adopted from an earlier WakeDock. The
 * group is what is signalled, so that a shell script or `npm start` takes its children along.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { constants } from 'node:os'
import { kill } from 'node:process'
import { TargetError } from '../../errors.ts'
import type { Clock } from '../../domain/ports.ts'
import type { ProcessTarget } from '../../domain/service.ts'
import { openOutput, readLines, reopenOutput } from './output.ts'
import type { OnLine } from './output.ts'
import { groupHasLiving, startTimeOf } from './procfs.ts'
import type { Found } from './procfs.ts'

export interface Run {
  readonly pid: number
  readonly port: number
  /** pid and start time: pids are used again. */
  readonly generation: string
  /** Null while it runs. The code is 128+n for signal n, and null where it cannot be known (adopted). */
  exit: { readonly code: number | null } | null
  /** Resolves when the leader has ended. Never rejects. */
  readonly ended: Promise<void>
}

/** How often an adopted process, which is nobody's child here, is looked after. */
const LOOK_EVERY = 250

/**
 * Starts the process. Resolves when the system has accepted it.
 * @throws TargetError `refused`, with what to correct, when it has not.
 */
export async function launch(target: ProcessTarget, env: NodeJS.ProcessEnv, onLine: OnLine): Promise<Run> {
  const [command, ...args] = target.command
  const output = await openOutput(onLine)
  const stdio =
    output === null
      ? (['ignore', 'pipe', 'pipe'] as const)
      : (['ignore', output.stdout, output.stderr] as const)
  const ended = Promise.withResolvers<void>()
  let child: ChildProcess
  try {
    // Throws at once where the command or the environment cannot be one (a zero byte).
    child = spawn(command, args, { cwd: target.cwd, env, detached: true, stdio: [...stdio] })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
  } catch (error) {
    throw await refusal(target, error)
  } finally {
    output?.handOver()
  }
  if (child.stdout !== null) void readLines(child.stdout, (line) => onLine('stdout', line))
  if (child.stderr !== null) void readLines(child.stderr, (line) => onLine('stderr', line))
  const pid = child.pid ?? 0
  const run: Run = {
    pid,
    port: target.port,
    generation: `${pid}@${(await startTimeOf(pid)) ?? Date.now()}`,
    exit: null,
    ended: ended.promise,
  }
  const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
    run.exit = { code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) }
    ended.resolve()
  }
  if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode)
  else child.once('exit', onExit)
  return run
}

/** Takes over a process that runs already. */
export function adopt(found: Found, clock: Clock, onLine: OnLine): Run {
  const ended = Promise.withResolvers<void>()
  const { pid, port, startTime } = found
  const run: Run = { pid, port, generation: `${pid}@${startTime}`, exit: null, ended: ended.promise }
  const look = async (): Promise<void> => {
    if ((await startTimeOf(pid)) === startTime) {
      clock.setTimer(LOOK_EVERY, () => void look())
      return
    }
    run.exit = { code: null }
    ended.resolve()
  }
  void look()
  void reopenOutput(pid, onLine)
  return run
}

/** Signals every process of the group. False: there is none left. */
export function signalGroup(run: Run, signal: NodeJS.Signals | 0): boolean {
  try {
    kill(-run.pid, signal)
    return true
  } catch {
    return false
  }
}

/**
 * Whether a process of the group still runs. The dead ones that nobody has collected yet do not count: in a container
 * without an init that is for ever.
 */
export async function groupLives(run: Run): Promise<boolean> {
  return signalGroup(run, 0) && (await groupHasLiving(run.pid))
}

/** ENOENT is said of a missing folder too: only one of the two remedies helps. */
async function refusal(target: ProcessTarget, error: unknown): Promise<TargetError> {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  const [command] = target.command
  const folder = await stat(target.cwd).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!folder) {
    return new TargetError(
      'refused',
      `the folder ${target.cwd} does not exist`,
      'Create it, or correct `cwd`.',
      error,
    )
  }
  if (code === 'ENOENT') {
    const hint = 'Correct the command, or install the program where PATH finds it.'
    return new TargetError('refused', `there is no program ${command}`, hint, error)
  }
  if (code === 'EACCES') {
    const hint = 'Make it executable (chmod +x), or run it through its interpreter.'
    return new TargetError('refused', `${command} may not be executed`, hint, error)
  }
  const said = error instanceof Error ? error.message : String(error)
  return new TargetError(
    'refused',
    `${command} could not be started: ${said}`,
    'Correct what the message names.',
    error,
  )
}
