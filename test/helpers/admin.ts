/** A real admin server on a free port of 127.0.0.1, around a fake core. */
import type { Test } from 'tap'
import { request } from 'undici'
import type { AdminConfig } from '../../src/admin/config-routes.ts'
import { createAdminServer, type AdminOptions } from '../../src/admin/server.ts'
import { createFeed } from '../../src/domain/feed.ts'
import { createHistory } from '../../src/domain/history.ts'
import { parsePositiveDuration } from '../../src/config/units.ts'
import { Secret, type Scope, type Token } from '../../src/config/settings.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeControl, NOW, snapshot } from './fake-control.ts'

export function token(name: string, value: string, scope: Scope): Token {
  return { name, token: new Secret(value), scope }
}

export const TOKENS = [token('ops', 'operate-secret', 'operate'), token('prometheus', 'read-secret', 'read')]

/** Nothing has ever been printed. */
const emptyLog: AsyncIterable<never> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
}

/** A config that was loaded at NOW and takes whatever is done with it. */
const CONFIG: AdminConfig = {
  state: () => ({ file: '/etc/wakedock.yaml', loadedAt: NOW, refused: null, warnings: [] }),
  document: () => Promise.resolve({ services: {} }),
  validate: () => Promise.resolve({ ok: true, changes: [], warnings: [] }),
  reload: () => Promise.resolve({ ok: true, changed: ['blog'] }),
}

export async function startAdmin(
  t: Pick<Test, 'teardown'>,
  options: { tokens?: readonly Token[]; control?: FakeControl; config?: Partial<AdminConfig> } & Partial<
    Omit<AdminOptions, 'control' | 'config'>
  > = {},
) {
  const { tokens = [], config = {}, clock = new FakeClock(), ...rest } = options
  const { control = new FakeControl(snapshot('blog'), snapshot('shop')), ...others } = rest
  /** What was logged: "warn 127.0.0.1 sent …". */
  const logged: string[] = []
  const record = (level: string) => (_fields: object, message: string) =>
    void logged.push(`${level} ${message}`)
  const server = createAdminServer({
    settings: { listen: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tokens },
    control,
    insight: { logs: () => emptyLog },
    metrics: {
      render: () => Promise.resolve('up 1\n'),
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
    },
    health: { ready: () => ({ ok: true, problems: [] }), providers: () => [] },
    config: { ...CONFIG, ...config },
    feed: createFeed({ clock }),
    history: createHistory(clock),
    footprint: { of: () => null, saved: () => ({ bytesNow: 0, byteMs: 0 }) },
    serves: (host) => host === 'blog.example.com',
    clock,
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
    const json: unknown = isJson && text !== '' ? JSON.parse(text) : null
    return { status: answer.statusCode, headers: answer.headers, text, json }
  }
  return { server, url, control, logged, ask }
}
