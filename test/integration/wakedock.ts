/**
 * WakeDock as a process in front of a real engine, and a client of it: what every test of this folder is made of. Each
 * test opens its own, because what one test does to a container must not be another one's weather.
 *
 *   const docker = await openDocker(t)
 *   await docker.create('app', { env: { BOOT_MS: '200' } })
 *   const wakedock = await startWakeDock(t, docker, { app: { idle_timeout: '3s' } })
 *   const reply = await wakedock.send('app', '/boot')
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Agent } from 'undici'
import { WebSocket } from 'ws'
import type { ServiceView } from '../../src/admin/service-view.ts'
import { startDaemon, type Daemon, type LogLine } from '../helpers/daemon.ts'
import { until, type Scope, type TestDocker } from '../helpers/docker.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/**
 * Options of a service, as in the config file. Hosts and the container follow from its name, but for a target that it
 * says itself; what is undefined is left out.
 */
export type Services = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The body as text. */
  readonly text: string
  /** The error code of an answer that WakeDock made itself; null for the app's. */
  readonly code: string | null
}

export interface SendOptions {
  readonly method?: string
  readonly body?: Buffer | string
  readonly headers?: Readonly<Record<string, string>>
  /** Called with each piece of the answer's body as it arrives. */
  readonly onData?: (chunk: Buffer) => void
}

/** What a command of the CLI has printed, and its exit code. */
export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface WakeDock extends Daemon {
  /** One request to a service. Rejects when the connection ends before the whole answer is here. */
  send(service: string, path?: string, options?: SendOptions): Promise<Reply>
  /** An open WebSocket to the app's echo. */
  socket(service: string): Promise<WebSocket>
  /** Waits until the API says that the service is in one of these states; `ms` as in until(). */
  reaches(service: string, states: readonly ServiceView['state'][], ms?: number): Promise<ServiceView>
  /** The first line with this event for this service, as Daemon.logged. */
  says(service: string, event: string, fits?: (line: LogLine) => boolean): Promise<LogLine>
  /** Runs the real command line against it: `cli('sleep', 'app', '--wait')`. */
  cli(...argv: string[]): Promise<Said>
  /** Puts other services into the config, and waits until they are in force. */
  reload(services: Services, options?: { labels?: boolean }): Promise<void>
  /** The series of /metrics that are about this service. */
  series(service: string): Promise<string[]>
}

export interface StartOptions {
  /** Another way to the engine than the direct one. */
  readonly host?: string
  /** See DaemonOptions. */
  readonly folder?: string
  /** docker.labels. */
  readonly labels?: boolean
}

/** Keys of a service that say what it is made of. */
const TARGETS = ['container', 'containers', 'compose', 'process', 'url']

/** Longer than any test waits for anything: what is late on a busy machine is not wrong. */
const PATIENCE = 60_000

/** The host name under which a service is asked for. */
export function hostOf(service: string): string {
  return `${service}.test`
}

/** The containers of a stack: the names that these suffixes stand for. */
export function namesOf(docker: TestDocker, ...suffixes: string[]): string[] {
  return suffixes.map((suffix) => docker.name(suffix))
}

/** A service without hosts, which only others need. */
export const NO_HOSTS = { hosts: undefined, ready: undefined }

/** Starts WakeDock for containers of `docker`, one a service unless it says otherwise. */
export async function startWakeDock(
  t: Scope,
  docker: TestDocker,
  services: Services,
  { host = docker.host, folder, labels }: StartOptions = {},
): Promise<WakeDock> {
  const configOf = (wanted: Services, labelled = labels): string => {
    const named = Object.entries(wanted).map(([name, service]) => [
      name,
      {
        hosts: hostOf(name),
        ...(TARGETS.some((key) => key in service) ? {} : { container: docker.name(name) }),
        // An attempt that is slow on a busy machine would otherwise be counted by the app, and tried again.
        ready: { timeout: '10s' },
        ...service,
      },
    ])
    const engine = JSON.stringify({ host, labels: labelled })
    return `docker: ${engine}\nservices: ${JSON.stringify(Object.fromEntries(named))}\n`
  }
  const config = configOf(services)
  const daemon = await startDaemon(t, { config, ...(folder === undefined ? {} : { folder }) })

  const agent = new Agent({ headersTimeout: PATIENCE, bodyTimeout: PATIENCE })
  t.teardown(() => agent.destroy())
  const origin = `http://127.0.0.1:${daemon.proxyPort}`

  const send: WakeDock['send'] = async (service, path = '/', options = {}) => {
    const { method = 'GET', body, onData } = options
    const headers = { host: hostOf(service), ...options.headers }
    const answer = await agent.request({ origin, path, method, headers, body: body ?? null })
    const chunks: Buffer[] = []
    for await (const chunk of answer.body) {
      chunks.push(chunk)
      onData?.(chunk)
    }
    const whole = Buffer.concat(chunks)
    // The answer to a HEAD has the type, but no body.
    const own = answer.headers['content-type'] === 'application/problem+json' && whole.length > 0
    const code = own ? String(JSON.parse(whole.toString()).code) : null
    const { statusCode: status, headers: received } = answer
    return { status, headers: received, body: whole, text: whole.toString(), code }
  }

  const socket: WakeDock['socket'] = (service) =>
    new Promise((resolve, reject) => {
      const ws = new WebSocket(`ws://127.0.0.1:${daemon.proxyPort}/ws`, {
        headers: { host: hostOf(service) },
      })
      t.teardown(() => ws.terminate())
      ws.once('open', () => resolve(ws))
      ws.once('error', reject)
    })

  const reaches: WakeDock['reaches'] = (service, states, ms) =>
    until(
      `${service} is ${states.join(' or ')}`,
      async () => {
        const view = await daemon.service(service)
        return states.includes(view.state) && view
      },
      ms ?? PATIENCE,
    )

  const says: WakeDock['says'] = (service, event, fits = () => true) =>
    daemon.logged(
      `${event} of ${service}`,
      (line) => line.event === event && line['service'] === service && fits(line),
      PATIENCE,
    )

  const cli: WakeDock['cli'] = async (...argv) => {
    const env = { ...process.env, WAKEDOCK_ADMIN: daemon.admin, WAKEDOCK_TOKEN: '' }
    const child = spawn(process.execPath, [MAIN, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    return { code: Number(code), out, err }
  }

  const reload: WakeDock['reload'] = async (wanted, changes = {}) => {
    await daemon.rewrite(configOf(wanted, changes.labels))
    // It follows the file by itself, too: then there is nothing left to change.
    const answer = await fetch(`${daemon.admin}/api/v1/config/reload`, { method: 'POST' })
    if (!answer.ok) throw new Error(`the reload was refused: ${await answer.text()}`)
  }

  const series: WakeDock['series'] = async (service) => {
    const answer = await fetch(`${daemon.admin}/metrics`)
    const lines = (await answer.text()).split('\n')
    return lines.filter((line) => line.includes(`{service="${service}"`))
  }

  return { ...daemon, send, socket, reaches, says, cli, reload, series }
}
