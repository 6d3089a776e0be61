/**
 * Programs of a bench, other people's and ours: each on the core it is given, awaited until it listens, ended with the scope. A
 * proxy on one core and everything else on another is what makes figures of one- and many-threaded proxies comparable.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** `proxy`: what is measured; `load`: the load generator and the app; `any`: where the kernel puts it. */
export type Core = 'proxy' | 'load' | 'any'

/** Their numbers. The first takes most interrupts, and so is the load's. */
export const CORES = { proxy: 1, load: 0 } as const

export interface Scope {
  teardown(callback: () => unknown): void
}

/** Where something listens: a port of 127.0.0.1, or the path of a unix socket. */
export type Place = number | string

export interface Program {
  readonly pid: number
  /** SIGTERM, and SIGKILL for one that does not go. */
  end(): Promise<void>
}

export interface ProgramOptions {
  readonly command: readonly [string, ...string[]]
  readonly core: Core
  readonly listens: Place
  readonly env?: Readonly<Record<string, string>>
}

/** Milliseconds until a program listens: far more than any needs, Caddy with 1,000 sites included. */
const START = 20_000
/** Milliseconds between two looks at it. */
const LOOK = 20
/** Milliseconds for a program to end by itself: WakeDock stops its services first. */
const END = 10_000
/** Characters of what a program said that go into an error. */
const LAST_WORDS = 2_000

/** Debian keeps daemons in sbin, which only root has in its PATH. */
export const ENV = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` }

/** A bench that dies of an error nobody caught closes no scope; its programs must not stay and load the machine. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Resolves when it accepts connections. @throws Error with its last words when it ends before. */
export async function startProgram(scope: Scope, options: ProgramOptions): Promise<Program> {
  const [file, ...args] = pinned(options.core, options.command)
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...ENV, ...options.env } })
  running.add(child)
  child.once('close', () => running.delete(child))
  let said = ''
  const listen = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-LAST_WORDS))
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', (error) => {
      said += error.message
      resolve()
    })
  })
  const isRunning = (): boolean =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null
  const end = async (): Promise<void> => {
    if (isRunning()) child.kill('SIGTERM')
    const last = setTimeout(() => child.kill('SIGKILL'), END)
    await ended
    clearTimeout(last)
  }
  scope.teardown(end)

  const name = options.command.join(' ')
  const deadline = performance.now() + START
  while (!(await accepts(options.listens))) {
    if (!isRunning()) throw new Error(`it ended while it started: ${name}\n${said}`)
    if (performance.now() > deadline) throw new Error(`it does not listen: ${name}\n${said}`)
    await delay(LOOK)
  }
  const { pid } = child
  if (pid === undefined) throw new Error(`it has no process id: ${name}`)
  return { pid, end }
}

/**
 * The same command on its core: taskset(1) becomes the program, so that the process id is the program's.  @throws Error where there is one core, or no taskset.
 */
export function pinned(core: Core, command: readonly [string, ...string[]]): [string, ...string[]] {
  if (core === 'any') return [...command]
  // With all cores in sight: a bench that is itself confined would confine the proxy to where the load is.
  if (availableParallelism() < 2)
    throw new Error('a proxy and its load need a core each: this machine has one')
  return ['taskset', '-c', String(CORES[core]), ...command]
}

/** What a program says when it is asked for its version; null where it is not installed. */
export function versionOf(file: string, flag: string): string | null {
  const { error, stdout, stderr } = spawnSync(file, [flag], { env: ENV, encoding: 'utf8' })
  if (error !== undefined) return null
  const [version] = /\d+\.\d+[\w.]*/.exec(stdout + stderr) ?? []
  return version ?? 'of an unknown version'
}

/** A port of 127.0.0.1 that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function accepts(place: Place): Promise<boolean> {
  const socket = typeof place === 'number' ? connect(place, '127.0.0.1') : connect(place)
  return new Promise((resolve) => {
    const settle = (accepted: boolean) => (): void => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', settle(true))
    socket.once('error', settle(false))
  })
}
