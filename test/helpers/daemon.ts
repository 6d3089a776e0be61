/**
 * A real WakeDock for a test: src/main.ts as a process of its own, with a config written for it, on free ports. What it
 * logs is there to be read and waited for.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ServiceView } from '../../src/admin/service-view.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** What a test hangs its clean-up on: tap's `t`. */
interface Scope {
  teardown(callback: () => unknown): void
}

/** One line of the log: https://getpino.io fields, ours, and `event`. */
export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly level: string
  readonly event: string
  readonly msg: string
}

export interface Daemon {
  readonly process: ChildProcess
  /** host:port of the proxy's first listener. */
  readonly proxy: string
  readonly proxyPort: number
  /** http://127.0.0.1:port */
  readonly admin: string
  readonly log: readonly LogLine[]
  readonly configFile: string
  /** The first line (old or coming) that fits; rejects after `ms`. */
  logged(what: string, fits: (line: LogLine) => boolean, ms?: number): Promise<LogLine>
  /** GET on the admin API. */
  service(name: string): Promise<ServiceView>
  /** Writes the config anew; the daemon follows the file. */
  rewrite(config: string): Promise<void>
  /** Sends a signal and waits for the end. Default SIGTERM. */
  end(signal?: NodeJS.Signals): Promise<void>
}

export interface DaemonOptions {
  /** YAML. Without `listen` and `admin` it gets free loopback ports. */
  readonly config: string
  readonly env?: Readonly<Record<string, string>>
  /** An existing folder for the config: a second daemon with the same one adopts the first one's processes. */
  readonly folder?: string
  /** The program; default src/main.ts run by this Node. */
  readonly main?: string
}

export async function startDaemon(t: Scope, options: DaemonOptions): Promise<Daemon> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'wakedock-test-')))
  const configFile = join(folder, 'wakedock.yaml')
  await writeFile(configFile, complete(options.config))

  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=8', options.main ?? MAIN, 'serve', '--config', configFile],
    {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const log: LogLine[] = []
  const listeners = new Set<() => void>()
  const other: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => other.push(line))
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) log.push(JSON.parse(line))
    else other.push(line)
    for (const listener of listeners) listener()
  })

  const logged: Daemon['logged'] = (what, fits, ms = 15_000) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = log.find(fits)
        if (line === undefined) return
        settle()
        resolve(line)
      }
      const settle = (): void => {
        clearTimeout(timer)
        listeners.delete(look)
        child.off('close', gone)
      }
      const fail = (why: string): void => {
        settle()
        reject(
          new Error(
            `${why} before it logged ${what}\n${[...other, ...log.map(({ msg }) => msg)].join('\n')}`,
          ),
        )
      }
      const gone = (): void => fail('WakeDock ended')
      const timer = setTimeout(() => fail(`${ms} ms passed`), ms)
      listeners.add(look)
      child.once('close', gone)
      look()
    })

  const end: Daemon['end'] = async (signal = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await ended
  }
  t.teardown(async () => {
    // Politely first, so that local processes end with it; a test may have left a stream open that it would wait for.
    const timer = setTimeout(() => child.kill('SIGTERM'), 2_000)
    const last = setTimeout(() => child.kill('SIGKILL'), 8_000)
    await end()
    clearTimeout(timer)
    clearTimeout(last)
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
  })

  const admin = String(
    (await logged('its admin address', ({ event, admin: at }) => event === 'listening' && at !== undefined))[
      'admin'
    ],
  )
  const [proxy = ''] = [log.find((line) => line.event === 'listening' && 'proxy' in line)?.['proxy']]
    .flat()
    .map(String)
  return {
    process: child,
    proxy,
    proxyPort: Number(proxy.slice(proxy.lastIndexOf(':') + 1)),
    admin,
    log,
    configFile,
    logged,
    service: async (name) => {
      const answer = await fetch(`${admin}/api/v1/services/${name}`)
      const view: unknown = await answer.json()
      return view as ServiceView
    },
    rewrite: (config) => writeFile(configFile, complete(config, proxy, admin)),
    end,
  }
}

/** Free ports at first, and the same ones at a reload. */
function complete(config: string, proxy = '127.0.0.1:0', admin = '127.0.0.1:0'): string {
  const head: string[] = []
  if (!/^listen:/m.test(config)) head.push(`listen: "${proxy}"`)
  if (!/^admin:/m.test(config)) head.push(`admin: { listen: "${admin.replace('http://', '')}" }`)
  return `${head.join('\n')}\n${config}`
}
