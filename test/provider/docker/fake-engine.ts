/**
 * A Docker Engine made of answers, on a unix socket: for what a real one does only under stress, such as an
 * inspection that takes long, a stream that is dead but open, or an answer that breaks off.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from '../../helpers/docker.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface FakeEngine {
  readonly host: string
  /** `GET /containers/app/json`, without version and query, in order. */
  readonly requests: string[]
  /** Open event streams. */
  readonly streams: Set<ServerResponse>
  /** Answers by `METHOD /path`; what is not here is 404. */
  readonly answers: Map<string, Handler>
  emit(action: string, name: string, labels?: Record<string, string>): void
}

/** An answer with a JSON body. */
export function json(body: unknown, status = 200): Handler {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
}

/** What Docker says of a container on the host's network: the simplest that has an address. */
export function inspection(name: string, state: string, startedAt = '2026-01-01T00:00:00Z'): object {
  return {
    Id: 'c'.repeat(64),
    Name: `/${name}`,
    State: { Status: state, ExitCode: 0, OOMKilled: false, StartedAt: startedAt },
    Config: { ExposedPorts: { '80/tcp': {} } },
    HostConfig: { NetworkMode: 'host' },
    NetworkSettings: { Networks: {}, Ports: {} },
  }
}

export async function openFakeEngine(t: Scope): Promise<FakeEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-fake-'))
  const path = join(folder, 'docker.sock')
  const streams = new Set<ServerResponse>()
  const requests: string[] = []
  const answers = new Map<string, Handler>([
    ['GET /version', json({ ApiVersion: '1.54', MinAPIVersion: '1.24' })],
    ['GET /_ping', json('OK')],
    [
      'GET /events',
      (_request, response) => {
        response.writeHead(200).flushHeaders()
        streams.add(response)
        response.on('close', () => streams.delete(response))
      },
    ],
  ])
  const server = createServer((request, response) => {
    const [url = ''] = (request.url ?? '').split('?')
    const what = `${request.method} ${url.replace(/^\/v[\d.]+/, '')}`
    requests.push(what)
    const answer = answers.get(what) ?? json({ message: 'No such container: x' }, 404)
    answer(request, response)
  })
  server.listen(path)
  await once(server, 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    host: `unix://${path}`,
    requests,
    streams,
    answers,
    emit(action, name, labels = {}) {
      const actor = { ID: 'c'.repeat(64), Attributes: { ...labels, name } }
      const event = { Type: 'container', Action: action, Actor: actor }
      for (const stream of streams) stream.write(`${JSON.stringify(event)}\n`)
    },
  }
}
