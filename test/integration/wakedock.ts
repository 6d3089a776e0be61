/**
 * WakeDock as a process in front of a real engine, and a client of it: what every test of this folder is made of. Each
 * test opens its own, because what one test does to a container must not be another one's weather.
 *
 *   const docker = await openDocker(t)
 *   await docker.create('app', { env: { BOOT_MS: '200' } })
 *   const wakedock = await startWakeDock(t, docker, { app: { idle_timeout: '3s' } })
 *   const reply = await wakedock.send('app', '/boot')
 */
import type { IncomingHttpHeaders } from 'node:http'
import { Agent } from 'undici'
import { WebSocket } from 'ws'
import type { ServiceView } from '../../src/admin/service-view.ts'
import { startDaemon, type Daemon, type LogLine } from '../helpers/daemon.ts'
import { until, type Scope, type TestDocker } from '../helpers/docker.ts'

/** Options of a service, as in the config file. Hosts and the container follow from its name. */
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
  /** Called with each piece of the answer's body as it arrives. */
  readonly onData?: (chunk: Buffer) => void
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
}

/** Longer than any test waits for anything: what is late on a busy machine is not wrong. */
const PATIENCE = 60_000

/** The host name under which a service is asked for. */
export function hostOf(service: string): string {
  return `${service}.test`
}

/**
 * Starts WakeDock for containers of `docker`, one a service. `host`: another way to the engine than the direct one;
 * `folder`: see DaemonOptions.
 */
export async function startWakeDock(
  t: Scope,
  docker: TestDocker,
  services: Services,
  options: { host?: string; folder?: string } = {},
): Promise<WakeDock> {
  const { host = docker.host, folder } = options
  const named = Object.entries(services).map(([name, service]) => [
    name,
    // An attempt that is slow on a busy machine would otherwise be counted by the app, and tried again.
    { hosts: hostOf(name), container: docker.name(name), ready: { timeout: '10s' }, ...service },
  ])
  const config = `docker: ${JSON.stringify({ host })}\nservices: ${JSON.stringify(Object.fromEntries(named))}\n`
  const daemon = await startDaemon(t, { config, ...(folder === undefined ? {} : { folder }) })

  const agent = new Agent({ headersTimeout: PATIENCE, bodyTimeout: PATIENCE })
  t.teardown(() => agent.destroy())
  const origin = `http://127.0.0.1:${daemon.proxyPort}`

  const send: WakeDock['send'] = async (service, path = '/', { method = 'GET', body, onData } = {}) => {
    const headers = { host: hostOf(service) }
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

  return { ...daemon, send, socket, reaches, says }
}
