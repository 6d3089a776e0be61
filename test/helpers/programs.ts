/**
 * Other people's programs for tests (Caddy, Prometheus, Chromium, the docker command line): found, started, ended. Where
 * one is not installed, the tests that need it are skipped, saying so; with $WAKEDOCK_TEST_REQUIRE=1 they fail instead,
 * so that CI cannot be green by accident.
 *
 *   t.test('…', { skip: programSkip('caddy') }, async (t) => {
 *     const caddy = await startProgram(t, 'caddy', ['run', '--config', file])
 *     await caddy.printed('serving initial configuration')
 *   })
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'

/** The Debian package that brings each program. */
const PACKAGES = {
  caddy: 'caddy',
  prometheus: 'prometheus',
  promtool: 'prometheus',
  chromium: 'chromium',
  docker: 'docker.io',
  busybox: 'busybox-static',
  npm: 'npm',
  openssl: 'openssl',
} as const

export type ProgramName = keyof typeof PACKAGES

/** What a test hangs its clean-up on: tap's `t`. */
export interface Scope {
  teardown(callback: () => unknown): void
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Written to its standard input. Default: nothing. */
  readonly input?: string
  /** Milliseconds until it is killed. Default 60,000. */
  readonly timeout?: number
}

export interface Finished {
  /** null: ended by a signal. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly process: ChildProcess
  /** Both streams, as they came. */
  readonly output: () => string
  /** Resolves once the text has been printed; rejects when the program ends before that, or after `ms` (default 30,000). */
  printed(wanted: string, ms?: number): Promise<void>
  /** Sends a signal (default SIGTERM) and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/** Path of an installed program, or null. sbin folders count, which not every PATH names. */
function find(name: ProgramName): string | null {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      continue
    }
  }
  return null
}

/** Path of a program that a test cannot do without. Throws, naming the package, where it is absent. */
export function program(name: ProgramName): string {
  const path = find(name)
  if (path === null) throw new Error(`${name} is not installed: apt-get install ${PACKAGES[name]}`)
  return path
}

/** For tap's `skip` option: the reason, or false where the test must run. */
export function programSkip(...names: readonly ProgramName[]): string | false {
  if (process.env['WAKEDOCK_TEST_REQUIRE'] === '1') return false
  const absent = names.filter((name) => find(name) === null)
  return absent.length > 0 && `needs ${absent.join(' and ')}, not installed here`
}

/** Runs a program to its end, whatever its exit code. */
export async function runProgram(
  name: ProgramName,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const { env, cwd, input = '', timeout = 60_000 } = options
  const child = spawn(program(name), args, {
    env: { ...process.env, ...env },
    timeout,
    killSignal: 'SIGKILL',
    ...(cwd !== undefined && { cwd }),
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  // A program may end without having read all of it.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}

/** Starts a program that runs until the test's end; then it gets SIGTERM, and SIGKILL 5 s later. */
export function startProgram(
  t: Scope,
  name: ProgramName,
  args: readonly string[],
  options: Pick<RunOptions, 'env' | 'cwd'> = {},
): Running {
  return follow(t, name, [program(name), ...args], options)
}

/** The same for a command that is no installed program. `group`: it leads a process group of its own. */
export function follow(
  t: Scope,
  name: string,
  [command = '', ...args]: readonly string[],
  options: Pick<RunOptions, 'env' | 'cwd'> & { readonly group?: boolean } = {},
): Running {
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.group ?? false,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  })
  let output = ''
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const heard = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      for (const listener of heard) listener()
    })
  }
  const signal = (which: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    process.kill(options.group === true ? -child.pid : child.pid, which)
  }

  const running: Running = {
    process: child,
    output: () => output,
    async printed(wanted, ms = 30_000) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const look = (): void => {
        if (output.includes(wanted)) resolve()
      }
      const fail = (why: string): void =>
        reject(new Error(`${why} before ${name} printed "${wanted}"\n${output}`))
      const timer = setTimeout(() => fail(`${ms} ms passed`), ms)
      heard.add(look)
      void ended.then(() => fail('it ended'))
      look()
      await promise.finally(() => {
        clearTimeout(timer)
        heard.delete(look)
      })
    },
    async end(which = 'SIGTERM') {
      signal(which)
      await ended
    },
  }
  t.teardown(async () => {
    const last = setTimeout(() => signal('SIGKILL'), 5_000)
    await running.end()
    clearTimeout(last)
  })
  return running
}

/** A folder for one test, removed at its end. */
export async function folder(t: Scope): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wakedock-programs-'))
  t.teardown(() => rm(path, { recursive: true, force: true, maxRetries: 5 }))
  return path
}

/** Whether a program could listen on this port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/**
 * A port for a program that cannot be told "any free one". Below the range from which the kernel takes the local ports of
 * outgoing connections (32768 and up, ip(7)): in there, a client of another test could be given it before the program is.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    if (await isFree(port)) return port
  }
}
