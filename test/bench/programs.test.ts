/** The benches' own programs, for one second each: those that stand in for wrk and nginx, and those that nothing could. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { httpProxy3 } from '../../bench/contestants/proxy-http-proxy-3.ts'
import { runGenerator } from '../../bench/load.ts'
import { freePort, pinned, startProgram, versionOf, type Scope } from '../../bench/program.ts'
import { checkProxy } from '../../bench/proxy-check.ts'

const HOST = 'app.example.com'
const program = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url))

async function start(t: Scope, name: string): Promise<number> {
  const port = await freePort()
  await startProgram(t, {
    command: [process.execPath, program(name), String(port)],
    core: 'any',
    listens: port,
  })
  return port
}

/** As load.ts and websocket.ts put the arguments. */
const LOADS = [
  ['load/node.ts', 'origin-server.ts', ['/1k', 2, 1, 'GET', 0, HOST, 0], 1024],
  ['load/node.ts', 'origin-server.ts', ['/1m', 2, 1, 'GET', 0, HOST, 10], 2 ** 20],
  ['load/node.ts', 'origin-server.ts', ['/post', 2, 1, 'POST', 65_536, HOST, 0], 5],
  ['load/websocket.ts', 'echo-server.ts', [2, 1, 64, HOST], 64],
] as const

for (const [load, app, args, receives] of LOADS) {
  t.test(`${load} ${args.join(' ')} loads ${app}, directly and through http-proxy-3`, async (t) => {
    const upstream = await start(t, app)
    const setup = { upstream, services: [[HOST]], core: 'any', main: '' } as const
    const { port } = await httpProxy3.start(t, setup)
    for (const to of [upstream, port]) {
      const command = [process.execPath, program(load), String(to), ...args.map(String)] as const
      const { requests, rate, p50, p99 } = await runGenerator(command, 'any', 1, { receives })
      t.ok(requests > 0 && rate > 0 && p50 > 0 && p99 >= p50)
    }
  })
}

t.test('a proxy that passes everything on passes the check', async (t) => {
  const upstream = await start(t, 'origin-server.ts')
  await checkProxy('direct', upstream, HOST)
})

for (const [what, answer, message] of [
  ['that refuses', { '/1k': [502, 'down'] }, 'it answers /1k with 502: down'],
  ['that cuts a body short', { '/1k': [200, 'w'] }, 'it gives 1 bytes for /1k, not 1024'],
  [
    'that loses the body of a POST',
    { '/1k': [200, 'w'.repeat(1024)], '/1m': [200, 'w'.repeat(2 ** 20)], '/post': [200, '0'] },
    'through it the app got 0 bytes, not 65536',
  ],
] as const) {
  t.test(`a proxy ${what} is not measured`, async (t) => {
    const answers = new Map<string, readonly [number, string]>(Object.entries(answer))
    const server = createServer((request, response) => {
      const [status, body] = answers.get(request.url ?? '') ?? [404, '']
      request.resume().once('end', () => response.writeHead(status).end(body))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
    await t.rejects(checkProxy('it', (server.address() as AddressInfo).port, HOST), { message })
  })
}

t.test('a load that is refused is an error, not a rate', async (t) => {
  const upstream = await start(t, 'origin-server.ts')
  const args = [String(upstream), '/nothing', '1', '1', 'GET', '0', HOST, '0']
  const command = [process.execPath, program('load/node.ts'), ...args] as const
  await t.rejects(runGenerator(command, 'any', 1, { receives: 0 }), { message: /answers were refusals/ })
})

t.test('a program that ends while it starts is told with its last words', async (t) => {
  const listens = await freePort()
  const command = [process.execPath, '-e', 'console.error("no such option"); process.exit(1)'] as const
  await t.rejects(startProgram(t, { command, core: 'any', listens }), { message: /no such option/ })
})

t.test('a program that does not exist has no version, and one that does has its own', async (t) => {
  t.equal(versionOf('wakedock-no-such-program', '-v'), null)
  t.equal(versionOf(process.execPath, '-v'), process.versions.node)
})

t.test('the proxy and the load get a core each, and what is not to be pinned is left alone', async (t) => {
  t.strictSame(pinned('any', ['caddy', 'run']), ['caddy', 'run'])
  if (availableParallelism() < 2) {
    t.throws(() => pinned('proxy', ['caddy', 'run']), { message: /a core each/ })
    return
  }
  t.strictSame(pinned('proxy', ['caddy', 'run']), ['taskset', '-c', '1', 'caddy', 'run'])
  t.strictSame(pinned('load', ['wrk']), ['taskset', '-c', '0', 'wrk'])
})
