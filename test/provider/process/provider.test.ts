/** Local processes: started, ended with everything they have started, and adopted after a crash of WakeDock. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Insight, Provider, TargetStatus } from '../../../src/domain/ports.ts'
import type { ProcessTarget } from '../../../src/domain/service.ts'
import { createProcessProvider } from '../../../src/provider/process/provider.ts'
import { isPortFree } from '../../../src/provider/process/port.ts'
import { parseStat, startTimeOf } from '../../../src/provider/process/procfs.ts'
import { until } from '../../helpers/docker.ts'
import type { Scope } from '../../helpers/docker.ts'
import { clock } from '../../../src/clock.ts'
import { Listener, processTarget, readAll } from '../outside.ts'

const APP = fileURLToPath(new URL('../../helpers/app.ts', import.meta.url))
const DAEMON = fileURLToPath(new URL('daemon.ts', import.meta.url))
const command = [process.execPath, APP] as const

/** One that nobody listens on, for now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return (address satisfies AddressInfo).port
}

let scopes = 0

interface Scene {
  provider: Provider & Insight
  listener: Listener
  lines: string[]
  scope: string
}

function open(t: Scope, options: { scope?: string; closeGrace?: number } = {}): Scene {
  const lines: string[] = []
  scopes += 1
  const scope = options.scope ?? `/etc/wakedock-${process.pid}-${scopes}.yaml`
  const log = (service: string, stream: string, line: string): void =>
    void lines.push(`${service} ${stream} ${line}`)
  const provider = createProcessProvider({
    clock: clock,
    env: () => process.env,
    log,
    closeGrace: 300,
    ...options,
    scope,
  })
  t.teardown(() => provider.close())
  return { provider, listener: new Listener(), lines, scope }
}

function upstreamOf(status: TargetStatus) {
  if (status.state !== 'running') throw new Error(`not running: ${status.state}`)
  return status.upstream
}

const pidOf = (status: TargetStatus): number => Number(upstreamOf(status).generation.split('@')[0])

/** A zombie has ended too; who collects it is not our matter. */
async function hasEnded(pid: number): Promise<boolean> {
  return (await startTimeOf(pid)) === null
}

async function boot(target: ProcessTarget): Promise<{ pid: number }> {
  const answer = await until(`${target.name} listens`, () =>
    fetch(`http://127.0.0.1:${target.port}/boot`).catch(() => null),
  )
  const report: unknown = await answer.json()
  if (typeof report !== 'object' || report === null || !('pid' in report)) throw new Error('no report')
  return { pid: Number(report.pid) }
}

t.test('a process runs with its port, is told of, and is down when the stop resolves', async (t) => {
  const { provider, listener, lines } = open(t)
  const app = processTarget('app', command, await freePort(), { GREETING: 'hi' })
  provider.watch([app], listener)
  t.match(await listener.reaches(app, 'stopped'), { exitCode: null })

  const status = await provider.start(app)
  t.match(upstreamOf(status), { protocol: 'http', host: '127.0.0.1', port: app.port, relayed: false })
  t.equal((await boot(app)).pid, pidOf(status))
  t.equal(upstreamOf(await provider.start(app)), upstreamOf(status), 'running already: the same run')
  await until('its output is logged', () => lines.some((line) => line.startsWith('app stdout {"listening"')))

  await provider.stop(app, 5000)
  t.ok(await isPortFree(app.port))
  t.ok(await hasEnded(pidOf(status)))
  await until('the end is told', () => {
    const last = listener.last(app)
    return last?.state === 'stopped' && last.exitCode === 0
  })
  t.strictSame(listener.log, ['back', 'stopped', 'running', 'stopped'])
  await t.resolves(provider.stop(app, 5000), 'down already')

  t.not(upstreamOf(await provider.start(app)).generation, upstreamOf(status).generation, 'another run')
})

const ends: [what: string, script: string, exitCode: number][] = [
  ['its own exit code', 'exit 7', 7],
  ['128 and the signal that ended it', 'kill -KILL $$', 137],
]
for (const [what, script, exitCode] of ends) {
  t.test(`an end by itself is told with ${what}`, async (t) => {
    const { provider, listener } = open(t)
    const app = processTarget('app', ['/bin/sh', '-c', script], await freePort())
    provider.watch([app], listener)
    await provider.start(app)
    await until('the end is told', () => {
      const last = listener.last(app)
      return last?.state === 'stopped' && last.exitCode === exitCode
    })
  })
}

t.test('a process that does not obey is killed, with everything it has started', async (t) => {
  const { provider, lines } = open(t)
  const script = 'trap "" TERM; sleep 600 & echo child $!; wait; wait'
  const app = processTarget('app', ['/bin/sh', '-c', script], await freePort())
  await provider.start(app)
  const child = Number(
    (await until('the child is known', () => lines.find((line) => /child \d+/.test(line)))).split(' ').at(-1),
  )
  await provider.stop(app, 100)
  t.match(await provider.inspect(app), { state: 'stopped', exitCode: 137 })
  await until('the child is gone', () => hasEnded(child))
})

t.test('the children of a process that ended by itself do not keep its port', async (t) => {
  const { provider, listener } = open(t)
  const port = await freePort()
  const orphaning = processTarget('app', ['/bin/sh', '-c', `"${process.execPath}" "${APP}" & sleep 1`], port)
  provider.watch([orphaning], listener)
  await provider.start(orphaning)
  await boot(orphaning)
  await until('the leader has ended', () => {
    const last = listener.last(orphaning)
    return last?.state === 'stopped' && last.exitCode === 0
  })
  await until('the port is free', () => isPortFree(port))
})

t.test('the whole group has its grace: a leader may end before the app that it has started', async (t) => {
  const { provider, lines } = open(t)
  const child = `trap "sleep 0.2; echo saved; exit 0" TERM; echo up; while :; do sleep 0.02; done`
  const leader = `trap 'exit 0' TERM; (${child}) & echo child $!; while :; do sleep 0.02; done`
  const app = processTarget('app', ['/bin/sh', '-c', leader], await freePort())
  await provider.start(app)
  await until('the child runs', () => lines.includes('app stdout up'))
  const pid = Number(
    lines
      .find((line) => line.includes('child'))
      ?.split(' ')
      .at(-1),
  )
  await provider.stop(app, 5000)
  t.ok(await hasEnded(pid), 'the stop has waited for it')
  await until('the child could finish', () => lines.includes('app stdout saved'))
})

t.test('what cannot be started is refused with a remedy', async (t) => {
  const { provider } = open(t)
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-test-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const script = join(folder, 'script')
  await writeFile(script, '#!/bin/sh\n')
  await chmod(script, 0o644)

  const start = (name: string, more: Partial<ProcessTarget>): Promise<TargetStatus> =>
    provider.start({ ...processTarget(name, command, port), ...more })
  await t.rejects(start('a', { command: ['no-such-program'] }), {
    reason: 'refused',
    message: 'there is no program no-such-program',
    hint: /PATH/,
  })
  await t.rejects(start('b', { command: [script] }), {
    reason: 'refused',
    message: /may not be executed/,
    hint: /chmod/,
  })
  await t.rejects(start('c', { cwd: join(folder, 'none') }), {
    reason: 'refused',
    message: /folder .*none/,
    hint: /cwd/,
  })

  const descriptors = async (): Promise<number> => (await readdir('/proc/self/fd')).length
  const before = await descriptors()
  for (let i = 0; i < 5; i++)
    await t.rejects(start('e', { command: ['node', 'a\0b'] }), { reason: 'refused', message: /null bytes/ })
  await until('nothing is left open', async () => (await descriptors()) <= before + 1)

  const other = createServer().listen(port, '0.0.0.0')
  await once(other, 'listening')
  t.teardown(() => other.close())
  await t.rejects(start('d', {}), {
    reason: 'refused',
    message: new RegExp(`port ${port} is already used`),
    hint: /another port/,
  })
})

t.test('an orderly end leaves nothing behind', async (t) => {
  const { provider } = open(t)
  const [one, two] = [
    processTarget('one', command, await freePort()),
    processTarget('two', command, await freePort(), { IGNORE_TERM: '1' }),
  ]
  const pids = [pidOf(await provider.start(one)), pidOf(await provider.start(two))]
  await Promise.all([boot(one), boot(two)])
  await provider.close()
  t.strictSame(await Promise.all(pids.map(hasEnded)), [true, true])
})

/** A WakeDock of its own that has started `target`. */
async function startDaemon(t: Scope, scope: string, target: ProcessTarget) {
  const args = [DAEMON, scope, target.name, String(target.port), ...target.command]
  const daemon = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => daemon.kill('SIGKILL'))
  await once(daemon.stdout, 'data')
  return daemon
}

const linux = process.platform === 'linux' ? false : 'adoption needs /proc'

t.test(
  'what a killed WakeDock left running is adopted: its log, its end and its stop',
  { skip: linux },
  async (t) => {
    const { provider, listener, lines, scope } = open(t)
    const chatty = [
      '/bin/sh',
      '-c',
      `while :; do echo tick; sleep 0.02; done & exec "${process.execPath}" "${APP}"`,
    ] as const
    const app = processTarget('app', chatty, await freePort())
    const daemon = await startDaemon(t, scope, app)
    const { pid } = await boot(app)
    daemon.kill('SIGKILL')
    await once(daemon, 'exit')
    t.equal((await boot(app)).pid, pid, 'it survives, although it prints')

    const other = open(t)
    t.match(await other.provider.inspect(app), { state: 'stopped' }, 'not by one with another config file')

    provider.watch([app], listener)
    const adopted = await listener.reaches(app, 'running')
    t.equal(pidOf(adopted), pid)
    t.equal(upstreamOf(await provider.start(app)), adopted.upstream)
    await until('its output is read on', () => lines.includes('app stdout tick'))
    process.kill(pid, 'SIGKILL')
    t.match(await listener.reaches(app, 'stopped'), { exitCode: null }, 'its end is noticed')
  },
)

t.test('an adopted process is stopped like any other', { skip: linux }, async (t) => {
  const { provider, scope } = open(t)
  const app = processTarget('app', command, await freePort())
  const daemon = await startDaemon(t, scope, app)
  const { pid } = await boot(app)
  daemon.kill('SIGKILL')
  await once(daemon, 'exit')
  await provider.stop(app, 5000)
  t.ok(await hasEnded(pid))
  t.ok(await isPortFree(app.port))
})

t.test('the processes of a WakeDock that lives are not taken from it', { skip: linux }, async (t) => {
  const { provider, scope } = open(t)
  const app = processTarget('app', command, await freePort())
  const daemon = await startDaemon(t, scope, app)
  const { pid } = await boot(app)
  t.match(await provider.inspect(app), { state: 'stopped' })
  await t.rejects(provider.start(app), { message: /already used/, reason: 'refused' })
  daemon.kill('SIGKILL')
  await once(daemon, 'exit')
  process.kill(-pid, 'SIGKILL')
})

t.test('/proc/pid/stat is read past whatever a process calls itself', (t) => {
  const rest = Array.from({ length: 30 }, (_, index) => `${index + 7}`).join(' ')
  t.strictSame(parseStat(`42 (a) b (c) S 1 42 42 ${rest}`), {
    state: 'S',
    parent: 1,
    group: 42,
    startTime: '22',
    // 14 to 17 of proc(5).
    ticks: 14 + 15 + 16 + 17,
  })
  t.equal(parseStat(''), null)
  t.end()
})

t.test('what a process uses is that of its whole group, ended children included', async (t) => {
  const { provider } = open(t)
  // The leader is a shell that waits; its child burns and ends; another one burns on.
  const burn = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'
  const script = `sh -c '${burn}'; sh -c 'while :; do :; done' & wait`
  const target = processTarget('burner', ['sh', '-c', script], await freePort())
  await t.rejects(provider.usage(target), { reason: 'refused', message: /CPU time/, hint: /has to run/ })
  await provider.start(target)
  const first = await until('it has used some', async () => {
    const usage = await provider.usage(target)
    return usage.cpuSeconds > 0 && usage
  })
  t.equal(first.networkBytes, null)
  await until('it uses more', async () => (await provider.usage(target)).cpuSeconds > first.cpuSeconds + 0.2)
  await provider.stop(target, 0)
  await t.rejects(provider.usage(target), { reason: 'refused', message: /CPU time/ })
})

t.test('a process cannot be paused', async (t) => {
  const { provider } = open(t)
  const target = processTarget('app', command, await freePort())
  await t.rejects(provider.pause(target), { message: /cannot be paused/, hint: /sleep_mode: stop/ })
  t.match(await provider.start(target), { state: 'running', health: null, upstream: { healthcheck: false } })
  await t.rejects(provider.pause(target), { reason: 'refused', message: /cannot be paused/ })
  t.match(await provider.inspect(target), { state: 'running' })
})

t.test('what it has printed is kept over its sleeps, and forgotten with the service', async (t) => {
  const { provider, listener } = open(t)
  const app = processTarget('app', ['sh', '-c', 'echo out; echo err >&2; exec sleep 60'], await freePort())
  provider.watch([app], listener)
  t.strictSame(await readAll(provider, app), [], 'it has never run')
  t.equal(await provider.memory(app), null)
  const printed = async (count: number) =>
    until(`${count} lines`, async () => {
      const lines = await readAll(provider, app)
      return lines.length === count && lines
    })
  await provider.start(app)
  const lines = await printed(2)
  t.strictSame(lines.map(({ stream, text }) => `${stream} ${text}`).toSorted(), ['stderr err', 'stdout out'])
  for (const { at } of lines) t.ok(Math.abs((at ?? 0) - Date.now()) < 60_000, 'the time')
  await provider.stop(app, 5000)
  await provider.start(app)
  await printed(4)
  await provider.stop(app, 5000)
  provider.watch([], listener)
  t.strictSame(await readAll(provider, app), [])
})

t.test('the memory of a process is that of its whole group', async (t) => {
  const { provider } = open(t)
  const one = processTarget('one', [...command], await freePort())
  // `wait` keeps the shell: it would become the last of its commands otherwise.
  const script = `"${process.execPath}" "${APP}" & PORT=0 "${process.execPath}" "${APP}" & wait`
  const two = processTarget('two', ['sh', '-c', script], await freePort())
  await Promise.all([provider.start(one), provider.start(two)])
  await Promise.all([boot(one), boot(two)])
  const [alone, both] = [(await provider.memory(one)) ?? 0, (await provider.memory(two)) ?? 0]
  t.ok(alone > 10_000_000, `${alone}`)
  t.ok(both > alone * 1.3, `${both} of two, ${alone} of one`)
  await provider.stop(one, 5000)
  t.equal(await provider.memory(one), null)
})
