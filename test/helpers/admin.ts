/** A real admin server on a free port of 127.0.0.1, around a fake core. */
import type { Test } from 'tap'
import { request } from 'undici'
import { createAdminServer, type AdminOptions } from '../../src/admin/server.ts'
import { parsePositiveDuration } from '../../src/config/units.ts'
import { Secret, type Scope, type Token } from '../../src/config/settings.ts'
import { FakeControl, snapshot } from './fake-control.ts'

export function token(name: string, value: string, scope: Scope): Token {
  return { name, token: new Secret(value), scope }
}

export const TOKENS = [token('ops', 'operate-secret', 'operate'), token('prometheus', 'read-secret', 'read')]

export async function startAdmin(
  t: Pick<Test, 'teardown'>,
  options: { tokens?: readonly Token[]; control?: FakeControl } & Partial<Omit<AdminOptions, 'control'>> = {},
) {
  const { tokens = [], control = new FakeControl(snapshot('blog'), snapshot('shop')), ...others } = options
  /** What was logged: "warn 127.0.0.1 sent …". */
  const logged: string[] = []
  const record = (level: string) => (_fields: object, message: string) =>
    void logged.push(`${level} ${message}`)
  const server = createAdminServer({
    settings: { listen: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tokens },
    control,
    metrics: {
      render: () => Promise.resolve('up 1\n'),
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
    },
    health: { ready: () => ({ ok: true, problems: [] }) },
    reload: () => Promise.resolve({ ok: true, changed: ['blog'] }),
    readDuration: parsePositiveDuration,
    version: '1.2.3',
    log: { info: record('info'), warn: record('warn'), error: record('error') },
    ...others,
  })
  const url = await server.listen()
  t.teardown(() => server.close(0))

  /** `call` is "GET /path"; the answer's body is parsed when it is JSON. */
  const ask = async (
    call: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
  ) => {
    const [method = '', path = ''] = call.split(' ')
    const answer = await request(`${url}${path}`, { method, headers, body: body ?? null })
    const text = await answer.body.text()
    const isJson = /json/u.test(String(answer.headers['content-type']))
    const json: unknown = isJson ? JSON.parse(text) : null
    return { status: answer.statusCode, headers: answer.headers, text, json }
  }
  return { server, url, control, logged, ask }
}
