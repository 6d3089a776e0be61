/** The oracle itself: shown proxies with known faults, it says so. Without this, a fuzz that finds nothing proves nothing. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { connect, createServer as createTcpServer, type Server } from 'node:net'
import t from 'tap'
import { portOf } from '../proxy/wire.ts'
import { makeCase } from './case.ts'
import { withSetting } from './fuzz.ts'
import { runCase } from './run-case.ts'
import type { Subject } from './subject.ts'

/** A subject that is nothing but a server. */
async function subjectOf(server: Server): Promise<Subject> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    sleep: () => {},
    wake: async () => {},
    leak: () => null,
    bugs: () => [],
    close: async () => void server.close(),
  }
}

/** Passes bytes on. */
const relay = (port: number): Server =>
  createTcpServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    client.pipe(upstream).pipe(client)
    for (const [end, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      end.on('error', () => other.destroy()).on('close', () => other.destroy())
  })

/** A proxy as written in ten minutes: node:http on both sides. Adds our Via, so that it is not caught for want of that. */
const tenMinutes = (port: number): Server =>
  createServer((req, res) => {
    const via = [req.headers.via, `${req.httpVersion} wakedock`].filter(Boolean).join(', ')
    const options = {
      port,
      host: '127.0.0.1',
      method: req.method,
      path: req.url,
      headers: { ...req.headers, via },
    }
    const onward = request(options, (answer) => {
      res.writeHead(answer.statusCode ?? 0, { ...answer.headers, via: '1.1 wakedock' })
      answer.on('error', () => {})
      answer.on('data', (chunk) => res.write(chunk)).on('close', () => res.end())
    })
    onward.on(
      'error',
      () => res.headersSent || res.writeHead(502, { 'Proxy-Status': 'WakeDock; error=x' }).end(),
    )
    req.pipe(onward)
  })

const KNOWN: readonly [
  name: string,
  open: (port: number) => Server,
  odd: 'request' | 'answer',
  fault: string,
][] = [
  ['that passes bytes on', relay, 'request', 'the upstream saw something that is no request'],
  [
    'that serves what stands behind a bad request',
    tenMinutes,
    'request',
    'the upstream saw a request that the client did not send',
  ],
  ['that passes on fields of one hop', tenMinutes, 'request', 'fields of a request have changed'],
  ['that ends a broken answer cleanly', tenMinutes, 'answer', 'a broken answer ends cleanly'],
]

for (const [name, open, odd, fault] of KNOWN)
  t.test(`a proxy ${name} is caught`, async (t) => {
    const found = await withSetting(
      async (setting) => {
        const kinds = new Set<string>()
        for (let number = 0; number < 1000 && !kinds.has(fault); number++) {
          const each = makeCase(1, number)
          // It has no service that could sleep.
          const kind = each.odd === odd && !each.held ? (await runCase(setting, each))?.kind : undefined
          if (kind !== undefined) kinds.add(kind)
        }
        return kinds
      },
      (port) => subjectOf(open(port)),
    )
    t.ok(found.has(fault), [...found].join(', '))
  })
