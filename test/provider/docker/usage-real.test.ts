/** What real containers use, as the engine counts it. */
import t from 'tap'
import { dockerSkip, until } from '../../helpers/docker.ts'
import { open, upstreamOf } from './scene.ts'

const skip = dockerSkip()

t.test('what a container uses grows with its work and with its traffic', { skip }, async (t) => {
  const { docker, provider, target } = await open(t)
  const app = target('app')
  const { handle } = await docker.create('app')
  await t.rejects(provider.usage(app), { reason: 'refused', message: /does not run/ })
  await t.rejects(provider.usage(target('none')), { reason: 'missing', message: /does not exist/ })

  await handle.start()
  await docker.booted(handle)
  const { host, port } = upstreamOf(await provider.inspect(app))
  const before = await provider.usage(app)
  t.ok(before.cpuSeconds > 0, `${before.cpuSeconds} s to boot`)
  const body = Buffer.alloc(1_000_000)
  await (await fetch(`http://${host}:${port}/echo`, { method: 'POST', body })).arrayBuffer()
  // The engine reads the counters at the moment it is asked.
  const after = await provider.usage(app)
  t.ok(after.cpuSeconds > before.cpuSeconds, 'CPU time')
  const bytes = (after.networkBytes ?? 0) - (before.networkBytes ?? 0)
  t.ok(bytes >= 2_000_000, `both ways count: ${bytes}`)

  await provider.pause(app)
  const [first, second] = [await provider.usage(app), await provider.usage(app)]
  t.equal(second.cpuSeconds, first.cpuSeconds, 'a frozen one uses nothing')

  await provider.stop(app, 5000)
  await t.rejects(provider.usage(app), { reason: 'refused', message: /does not run/ })
  await provider.start(app)
  const again = await provider.usage(app)
  t.ok((again.networkBytes ?? 0) < (after.networkBytes ?? 0), 'a start counts from zero')
})

t.test("on the host's network only the CPU time is known", { skip }, async (t) => {
  const { docker, provider, target } = await open(t)
  await docker.run('host', { host: { NetworkMode: 'host' }, env: { NEVER_LISTEN: '1' } })
  const usage = await until('it has used some', async () => {
    const read = await provider.usage(target('host'))
    return read.cpuSeconds > 0 && read
  })
  t.equal(usage.networkBytes, null)
})

t.test('a container that shares the network of another counts that traffic', { skip }, async (t) => {
  const { docker, provider, target } = await open(t)
  await docker.run('gate')
  await docker.run('sidecar', {
    image: docker.busyboxImage,
    command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'],
    host: { NetworkMode: `container:${docker.name('gate')}` },
  })
  const part = target('sidecar', { addressed: false })
  t.match(await provider.inspect(part), { state: 'running', upstream: { host: '', port: 0 } })
  t.type((await provider.usage(part)).networkBytes, 'number')
})
