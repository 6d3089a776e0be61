/** The logs and the memory of real containers. */
import t from 'tap'
import { dockerSkip, until } from '../../helpers/docker.ts'
import { readAll } from '../outside.ts'
import { open } from './scene.ts'

const skip = dockerSkip()
const SCRIPT = 'echo out; echo err >&2; sleep 0.1; head -c 40000 /dev/zero | tr "\\0" a; echo; printf end'

for (const [what, tty] of [
  ['two outputs', false],
  ['a terminal', true],
] as const) {
  t.test(`a container with ${what}: its lines as they were printed, run after run`, { skip }, async (t) => {
    const { docker, provider, target, listener } = await open(t)
    const options = { image: docker.busyboxImage, command: ['sh', '-c', SCRIPT], config: { Tty: tty } }
    const { handle } = await docker.create('app', options)
    const app = target('app', { addressed: false })
    t.strictSame(await readAll(provider, app), [], 'it has never run')
    t.equal(await provider.memory(app), null, 'and uses nothing')

    const texts: string[] = []
    const stop = new AbortController()
    t.teardown(() => stop.abort())
    const followed = (async () => {
      const lines = provider.logs(app, { tail: 100, follow: true, signal: stop.signal })
      for await (const { text } of lines) texts.push(text)
    })()
    provider.watch([app], listener)

    await handle.start()
    await handle.wait()
    const lines = await readAll(provider, app)
    const errors = tty ? 'stdout' : 'stderr'
    t.strictSame(
      lines.map(({ stream, text }) => `${stream} ${text}`).toSorted(),
      ['stdout out', `${errors} err`, `stdout ${'a'.repeat(40_000)}`, 'stdout end'].toSorted(),
    )
    for (const { at } of lines) t.ok(Math.abs((at ?? 0) - Date.now()) < 60_000, 'the time')
    t.match(await readAll(provider, app, { tail: 1 }), [{ text: 'end' }])

    await until('the first run was followed', () => texts.length === 4)
    await handle.start()
    await handle.wait()
    await until('the second run was followed', () => texts.length === 8)
    stop.abort()
    await followed
    t.strictSame(texts.slice(4).toSorted(), texts.slice(0, 4).toSorted(), 'nothing twice, nothing missing')
  })
}

t.test('a log driver that keeps nothing is refused with a remedy', { skip }, async (t) => {
  const { docker, provider, target } = await open(t)
  await docker.run('mute', { host: { LogConfig: { Type: 'none', Config: {} } } })
  await t.rejects(readAll(provider, target('mute')), { reason: 'refused', message: /log driver/ })
  const missing = { reason: 'missing', message: /does not exist/ }
  await t.rejects(readAll(provider, target('none')), missing)
  await t.rejects(provider.memory(target('none')), missing)
})

t.test('what a container uses of the memory is known while it runs, or is paused', { skip }, async (t) => {
  const { docker, provider, target } = await open(t)
  const { handle } = await docker.run('app')
  await docker.booted(handle)
  const app = target('app')
  // Node alone is more than 10 MB.
  t.ok(((await provider.memory(app)) ?? 0) > 10_000_000)
  await provider.pause(app)
  t.ok(((await provider.memory(app)) ?? 0) > 10_000_000)
  await provider.stop(app, 5_000)
  t.equal(await provider.memory(app), null)
})
