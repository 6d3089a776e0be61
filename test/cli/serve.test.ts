/** `wakedock serve` around a daemon that is told how to behave: start, reload, signals, and what nobody caught. */
import { execFileSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { dispatch } from '../../src/cli/dispatch.ts'
import type { RunningDaemon, StartOptions } from '../../src/cli/serve.ts'
import { TargetError } from '../../src/errors.ts'
import { fakeIo } from '../helpers/cli.ts'

const CONFIG = `log: { level: error, format: json }
services:
  blog: { hosts: blog.example.com, container: ghost }
`

/** Starts serve; `started` resolves with what the daemon was given. */
async function serving(
  t: Pick<Test, 'testdir' | 'teardown'>,
  daemon: Partial<RunningDaemon> = {},
  config = CONFIG,
) {
  const cwd = t.testdir({ 'wakedock.yaml': config })
  const started = Promise.withResolvers<StartOptions>()
  const reloaded = Promise.withResolvers<void>()
  const calls: string[] = []
  const io = fakeIo({
    cwd,
    startDaemon: (options) => {
      started.resolve(options)
      return Promise.resolve({
        addresses: { proxy: ['http://127.0.0.1:8080'], admin: 'http://127.0.0.1:9090' },
        reload: (trigger) => {
          calls.push(`reload: ${trigger}`)
          reloaded.resolve()
          return Promise.resolve()
        },
        close: () => {
          calls.push('close')
          return Promise.resolve()
        },
        ...daemon,
      })
    },
  })
  const alive = setInterval(() => undefined, 1000)
  t.teardown(() => clearInterval(alive))
  const code = dispatch([], io)
  return { io, code, calls, cwd, started: started.promise, reloaded: reloaded.promise }
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  t.test(`${signal} closes the daemon and ends with 0`, async (t) => {
    const { io, code, calls, started } = await serving(t)
    const { settings, version } = await started
    t.equal(settings.services[0]?.name, 'blog')
    t.equal(version, '1.2.3')
    io.signals.emit(signal)
    t.equal(await code, 0)
    t.same(calls, ['close'])
  })
}

t.test('a second signal does not wait for the end of the first', async (t) => {
  const closing = Promise.withResolvers<void>()
  const { io, code, started } = await serving(t, {
    close: () => {
      closing.resolve()
      return new Promise(() => {})
    },
  })
  await started
  io.signals.emit('SIGTERM')
  await closing.promise
  io.signals.emit('SIGINT')
  t.equal(await code, 1)
})

t.test('a signal during the start ends it once it has started', async (t) => {
  const start = Promise.withResolvers<RunningDaemon>()
  const asked = Promise.withResolvers<void>()
  const calls: string[] = []
  const io = fakeIo({
    cwd: t.testdir({ 'wakedock.yaml': CONFIG }),
    startDaemon: () => {
      asked.resolve()
      return start.promise
    },
  })
  const code = dispatch(['serve'], io)
  await asked.promise
  io.signals.emit('SIGTERM')
  start.resolve({
    addresses: { proxy: [], admin: '' },
    reload: () => Promise.resolve(),
    close: () => {
      calls.push('close')
      return Promise.resolve()
    },
  })
  t.equal(await code, 0)
  t.same(calls, ['close'])
})

t.test('SIGHUP reloads, one during the start as well, and a reload that breaks ends nothing', async (t) => {
  const triggers: string[] = []
  let again = Promise.withResolvers<void>()
  const { io, code, started } = await serving(t, {
    reload: (trigger) => {
      triggers.push(trigger)
      again.resolve()
      return Promise.reject(new Error('broken'))
    },
  })
  await started
  io.signals.emit('SIGHUP')
  await again.promise
  again = Promise.withResolvers()
  io.signals.emit('SIGHUP')
  await again.promise
  t.same(triggers, ['SIGHUP', 'SIGHUP'])
  io.signals.emit('SIGTERM')
  t.equal(await code, 0)
})

t.test('a changed config file reloads, and is read afresh by load()', async (t) => {
  const { io, code, calls, cwd, started, reloaded } = await serving(t)
  const { load } = await started
  writeFileSync(join(cwd, 'new'), CONFIG.replace('blog:', 'shop:'))
  renameSync(join(cwd, 'new'), join(cwd, 'wakedock.yaml'))
  await reloaded
  t.match(await load(), { ok: true, settings: { services: [{ name: 'shop' }] } })
  io.signals.emit('SIGTERM')
  t.equal(await code, 0)
  t.same(calls, ['reload: the file changed', 'close'])
})

t.test('a reload that reads slowly is not overtaken by a later one', async (t) => {
  const { io, code, cwd, started } = await serving(t)
  const { load } = await started
  const [file, pipe] = [join(cwd, 'wakedock.yaml'), join(cwd, 'token')]
  execFileSync('mkfifo', [pipe])
  writeFileSync(file, `admin: { tokens: [{ name: ops, token_file: ${pipe} }] }\n${CONFIG}`)
  const order: string[] = []
  const slow = load().then(() => order.push('slow'))
  const writer = await open(pipe, 'w')
  // The first one has the pipe open: its file is read.
  writeFileSync(file, CONFIG)
  const fast = load().then(() => order.push('fast'))
  for (let i = 0; i < 5; i++) await loadConfig(file, {})
  await writer.write('0123456789abcdef0123456789abcdef')
  await writer.close()
  await Promise.all([slow, fast])
  t.same(order, ['slow', 'fast'])
  io.signals.emit('SIGTERM')
  t.equal(await code, 0)
})

t.test('a config with faults is not started', async (t) => {
  const { io, code } = await serving(t, {}, 'servces: {}\n')
  t.equal(await code, 1)
  t.match(io.err, /wakedock\.yaml:1:1 servces .*did you mean services\?/u)
})

t.test('a daemon that cannot start, or cannot end, ends with 1', async (t) => {
  const io = fakeIo({
    cwd: t.testdir({ 'wakedock.yaml': CONFIG }),
    startDaemon: () => Promise.reject(new TargetError('refused', 'no', 'Do this.')),
  })
  t.equal(await dispatch(['serve'], io), 1)
  t.type(io.fatal, 'function', 'what nobody caught is reported to the log')

  const bad = await serving(t, { close: () => Promise.reject(new Error('stuck')) })
  await bad.started
  bad.io.signals.emit('SIGTERM')
  t.equal(await bad.code, 1)
})
