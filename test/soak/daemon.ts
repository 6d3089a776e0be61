/**
 * WakeDock as production runs it: built into a folder of its own, so that work on the tree can go on meanwhile, and started as
 * often as the soak kills it, on the same ports with the same config.
 */
import { execFile } from 'node:child_process'
import { copyFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readMemory } from '../../bench/process-memory.ts'
import type { LogLine } from '../helpers/daemon.ts'
import { until, type Scope } from '../helpers/docker.ts'
import { follow, type Running } from '../helpers/programs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Compiles this tree. Returns the path of main.js. */
export async function build(folder: string): Promise<string> {
  const compiler = join(ROOT, 'node_modules/.bin/tsc')
  const args = ['-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')]
  await promisify(execFile)(compiler, args, { cwd: ROOT }).catch((error: { stdout: string }) => {
    throw new Error(`src does not compile:\n${error.stdout}`)
  })
  await copyFile(join(ROOT, 'package.json'), join(folder, 'package.json'))
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'dist/main.js')
}

/** One life of the process, in MiB. */
export interface Life {
  readonly rssAtStart: number
  /** The last one seen. */
  rssAtEnd: number
}

export class WakeDock {
  readonly #t: Scope
  readonly #command: readonly string[]
  readonly #admin: string
  #running: Running | null = null
  readonly #past: Running[] = []
  readonly lives: Life[] = []

  constructor(t: Scope, main: string, { configFile, adminPort }: { configFile: string; adminPort: number }) {
    this.#t = t
    this.#command = [process.execPath, '--max-semi-space-size=8', main, 'serve', '--config', configFile]
    this.#admin = `http://127.0.0.1:${adminPort}`
  }

  /** Resolves when it takes requests. */
  async start(): Promise<void> {
    // In a group of its own: a Ctrl-C is for the soak, which has to see how its requests end.
    const running = follow(this.#t, 'wakedock', this.#command, { group: true })
    this.#running = running
    this.#past.push(running)
    await running.printed('"admin":')
    await until('the engine answers', async () => (await fetch(`${this.#admin}/readyz`)).ok, 60_000)
    const { rss } = readMemory(running.process.pid ?? 0)
    this.lives.push({ rssAtStart: rss, rssAtEnd: rss })
  }

  /** Resolves when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.measure()
    const running = this.#running
    this.#running = null
    await running?.end(signal)
  }

  /** Whether it has ended by itself. */
  get fell(): boolean {
    const child = this.#running?.process
    return child !== undefined && (child.exitCode !== null || child.signalCode !== null)
  }

  measure(): void {
    const pid = this.#running?.process.pid
    const life = this.lives.at(-1)
    if (pid !== undefined && life !== undefined && !this.fell) life.rssAtEnd = readMemory(pid).rss
  }

  /** Everything it has ever logged, and what it wrote that was no log line. */
  output(): { log: LogLine[]; other: string[] } {
    const log: LogLine[] = []
    const other: string[] = []
    for (const running of this.#past) {
      for (const line of running.output().split('\n')) {
        if (line.startsWith('{')) {
          try {
            log.push(JSON.parse(line))
            continue
          } catch {
            // Killed in the middle of a line.
          }
        } else if (line !== '') other.push(line)
      }
    }
    return { log, other }
  }

  /** An answer of the admin API. */
  async ask(path: string, method = 'GET', body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.#admin}/api/v1${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    return answer.json()
  }
}
