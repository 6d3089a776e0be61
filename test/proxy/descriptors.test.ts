/** More clients than the operating system has room for: the process lives, says so once, and serves whoever comes later. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createTurnedAway, mostClients } from '../../src/proxy/descriptors.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { folder } from '../helpers/programs.ts'
import { nextServer } from './next-server.ts'
import { rig } from './rig.ts'
import { OK, Wire, answering, connectTo, eventually, message, rawUpstream } from './wire.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const GET = message('GET / HTTP/1.1', 'Host: a')
const skip = process.platform !== 'linux' && 'needs /proc/self/limits'

interface Line {
  event: string
  reason: string
  msg: string
  proxy?: string[]
}

/** WakeDock as a process that may have so many file descriptors, in front of a port. */
async function limited(t: { teardown(action: () => unknown): void }, most: number, port: number) {
  const file = join(await folder(t), 'wakedock.yaml')
  const service = `a: { hosts: a, url: "http://127.0.0.1:${port}" }`
  await writeFile(file, `listen: "127.0.0.1:0"\nadmin: { listen: "127.0.0.1:0" }\nservices: { ${service} }\n`)
  const run = ['-c', `ulimit -n ${most} && exec "$0" "$@"`, process.execPath, MAIN, 'serve', '--config', file]
  const child = spawn('sh', run, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const log: Line[] = []
  const lines = createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line)))
  while (!log.some(({ proxy }) => proxy)) await once(lines, 'line')
  return { address: log.find(({ proxy }) => proxy)?.proxy?.[0] ?? '', child, log }
}

t.test(
  'without file descriptors the process lives, and serves again when there are some',
  { skip },
  async (t) => {
    let busy = true
    const app = await rawUpstream(t, (wire) => {
      if (!busy) answering(OK)(wire)
    })
    const { address, child, log } = await limited(t, 128, app.upstream.port)
    const open = (count: number, text: string): Wire[] =>
      Array.from({ length: count }, () => {
        const wire = new Wire(connectTo(address))
        wire.send(text)
        return wire
      })
    const told = (): Line[] => log.filter(({ event }) => event !== 'listening')

    const silent = open(200, 'GET')
    await eventually(() => silent.filter(({ closed }) => closed).length === 200 - 64)
    await eventually(() => told().length > 0)
    t.match(told(), [{ event: 'turned_away', level: 'error', msg: /^1 connection was .*`ulimit -n`/ }])
    for (const { socket } of silent) socket.destroy()

    const asking = open(60, GET)
    const refused = ({ received }: Wire): boolean => received.includes('"WAKEDOCK_UPSTREAM_UNREACHABLE"')
    const asked = (): number => app.wires.filter(({ received }) => received.includes('GET')).length
    await eventually(() => asking.filter((wire) => refused(wire) || wire.closed).length + asked() === 60)
    t.ok(asking.some(refused), 'the service of some cannot be connected to')
    t.ok(asked() > 20, 'the others are served')
    t.equal(child.exitCode, null)
    await eventually(() => told().length > 1)
    t.match(told()[1], { event: 'upstream_failed', level: 'warn', reason: 'descriptors', msg: /ulimit -n/ })

    busy = false
    for (const { socket } of asking) socket.destroy()
    // Their descriptors are free when their requests have ended upstream.
    await eventually(() => app.wires.every((wire) => wire.ended || wire.closed))
    const [client] = open(1, GET)
    t.match(await client?.until('ok'), /^HTTP\/1.1 200 /, 'the next good request')
    client?.socket.destroy()
    t.equal(told().length, 2, 'and not a line for each of them')
  },
)

t.test('an accept that fails is told, and is nobody else’s end', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, bugs } = await rig(t, app.upstream, { clock: new FakeClock() })
  const serving = nextServer(t)
  await (await ask(GET)).until('ok')
  const server: Server = await serving
  server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  t.match(bugs, [{ event: 'turned_away', reason: 'accept EMFILE' }])
  await (await ask(GET)).until('ok')
})

t.test('who is turned away is told at once, and then once a minute with their number', async (t) => {
  const said: [fields: object, text: string][] = []
  const clock = new FakeClock()
  const turnedAway = createTurnedAway({ error: (fields, text) => said.push([fields, text]) }, clock)
  turnedAway('none left')
  t.match(said.splice(0), [[{ connections: 1 }, /^1 connection was turned away: none left\. Raise/]])
  for (let i = 0; i < 7; i++) turnedAway('none left')
  await clock.advance(59_999)
  t.same(said, [])
  await clock.advance(1)
  t.match(said.splice(0), [[{ connections: 7 }, /^7 connections were turned away/]])
  await clock.advance(60_000)
  t.same(said, [])
  t.equal(clock.pending, 0)
  turnedAway('none left')
  t.match(said, [[{ connections: 1 }]])
})

t.test('a part is kept free for everything but clients', async (t) => {
  const home = await folder(t)
  const cases: [text: string, most: number | null][] = [
    ['Max open files            1024                 4096                 files\n', 896],
    ['Max open files            1048576              1048576              files\n', 917_504],
    ['Max open files            128                  128                  files\n', 64],
    ['Max open files            20                   20                   files\n', 1],
    ['Max open files            unlimited            unlimited            files\n', null],
    ['', null],
  ]
  for (const [text, most] of cases) {
    const file = join(home, 'limits')
    await writeFile(file, `Limit                     Soft Limit\nMax processes  7 7 processes\n${text}`)
    t.equal(await mostClients(file), most, text)
  }
  t.equal(await mostClients(join(home, 'nowhere')), null)
})
