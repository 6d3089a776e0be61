/** The Docker provider against a real engine: outages, what is asked of it, and the addresses it reports. */
import t from 'tap'
import { createDockerProvider } from '../../../src/provider/docker/provider.ts'
import { ownIds } from '../../../src/provider/docker/self.ts'
import type { TargetStatus } from '../../../src/domain/ports.ts'
import type { ContainerTarget } from '../../../src/domain/service.ts'
import { dockerSkip, openDocker } from '../../helpers/docker.ts'
import { clock } from '../../../src/clock.ts'

import { open, upstreamOf } from './scene.ts'

const skip = dockerSkip()

t.test('only what is watched is told, and one outage is told once', { skip }, async (t) => {
  const outside = await openDocker(t)
  const relay = await outside.relay({ up: false })
  const { docker, provider, listener, target } = await open(t, relay.host)
  const [one, two] = [target('one'), target('two')]
  const first = await docker.run('one')
  await docker.create('two')

  provider.watch([one], listener)
  await listener.hears('lost:unreachable')
  t.match(listener.errors[0], { message: /no such socket/, hint: /Start Docker/ })
  await t.rejects(provider.start(one), { message: /no such socket/, reason: 'unreachable' })
  await relay.up()
  await listener.reaches(one, 'running')
  t.strictSame(listener.log, ['lost:unreachable', 'back', 'running'])

  await relay.down()
  await listener.hears('lost:unreachable', 2)
  await first.handle.kill()
  await relay.up()
  await listener.reaches(one, 'stopped')
  t.strictSame(
    listener.log.slice(3),
    ['lost:unreachable', 'back', 'stopped'],
    'missed meanwhile, told by the resync',
  )

  provider.watch([two], listener)
  await listener.reaches(two, 'stopped')
  await first.handle.start()
  await docker.run('two')
  await listener.reaches(two, 'running')
  t.notOk(
    listener.statuses.slice(3).some((told) => told.target.key === one.key),
    'the other is not followed any more',
  )
})

t.test('a stream that is cut while Docker answers is no outage', { skip }, async (t) => {
  const outside = await openDocker(t)
  const relay = await outside.relay()
  const { docker, provider, listener, target } = await open(t, relay.host)
  const app = target('app')
  const { handle } = await docker.run('app')
  provider.watch([app], listener)
  await listener.reaches(app, 'running')
  relay.cut()
  await handle.kill()
  await listener.reaches(app, 'stopped')
  t.notMatch(listener.log.join(' '), 'lost')
  t.equal(listener.log.filter((entry) => entry === 'back').length, 1)
})

t.test('a socket proxy needs to allow no more than what is documented', { skip }, async (t) => {
  const outside = await openDocker(t)
  const relay = await outside.relay()
  const { docker, provider, listener, target } = await open(t, relay.host)
  const app = target('app')
  // The only program in there.
  const check = { Test: ['CMD', '/usr/local/bin/node', '-e', '0'], Interval: 3600e9 }
  const { handle } = await docker.create('app', { config: { Healthcheck: check } })
  provider.watch([app], listener)
  await listener.reaches(app, 'stopped')
  await provider.start(app)
  await listener.reaches(app, 'running')
  await handle.pause()
  await listener.reaches(app, 'paused')
  await provider.start(app)
  await provider.stop(app, 300)
  const beyond = (documented: readonly string[]): string[] => {
    const calls = relay.requests.map((line) =>
      line
        .replace(/\/v[\d.]+/, '')
        .replace(/[0-9a-f]{64}|wd-[\w-]+/, 'ID')
        .replace(/\?.*/, ''),
    )
    return [...new Set(calls)].filter((call) => !documented.includes(call)).toSorted()
  }
  const basic = [
    'GET /version',
    'GET /events',
    'GET /containers/ID/json',
    'POST /containers/ID/start',
    'POST /containers/ID/unpause',
    'POST /containers/ID/stop',
  ]
  t.strictSame(beyond(basic), [])

  const upstream = upstreamOf(await provider.start(app))
  await provider.usage(app)
  t.strictSame(beyond(basic), ['GET /containers/ID/stats'], 'for busy')
  await provider.pause(app)
  await provider.start(app)
  t.strictSame(
    beyond(basic),
    ['GET /containers/ID/stats', 'POST /containers/ID/pause'],
    'for sleep_mode: pause',
  )
  const heard = new Promise<void>((resolve) => {
    provider.discover({ projects: [], labelled: true }, () => resolve())
  })
  await heard
  t.match(await provider.runHealthcheck(upstream, new AbortController().signal), { ready: true })
  t.strictSame(
    beyond([...basic, 'GET /containers/ID/stats', 'POST /containers/ID/pause']),
    ['GET /containers/json', 'GET /exec/ID/json', 'POST /containers/ID/exec', 'POST /exec/ID/start'],
    'for labels, and for a HEALTHCHECK',
  )
})

t.test('addresses that a real engine reports', { skip }, async (t) => {
  const { docker, provider, target } = await open(t)
  const inspect = async (suffix: string, more?: Partial<ContainerTarget>): Promise<TargetStatus> =>
    provider.inspect(target(suffix, more))

  await docker.run('host', { host: { NetworkMode: 'host' }, env: { NEVER_LISTEN: '1' } })
  t.match(
    upstreamOf(await inspect('host')),
    { host: '127.0.0.1', port: 3000, relayed: false },
    'host network',
  )

  const [a, b] = [await docker.network('net-a'), await docker.network('net-b', { Internal: true })]
  await docker.run('both', { host: { NetworkMode: b } })
  const internal = upstreamOf(await inspect('both'))
  await docker.api.getNetwork(a).connect({ Container: docker.name('both') })
  const both = (await docker.api.getContainer(docker.name('both')).inspect()).NetworkSettings.Networks
  t.equal(internal.host, both[b]?.IPAddress, 'an internal network is reached from the host')
  const named = createDockerProvider({ host: docker.host, network: a, clock: clock })
  t.teardown(() => named.close())
  t.equal(
    upstreamOf(await named.inspect(target('both'))).host,
    both[a]?.IPAddress,
    'two networks: the named one',
  )
  t.match(await named.inspect(target('host')), { state: 'running' })

  await docker.run('sidecar', {
    host: { NetworkMode: `container:${docker.name('both')}` },
    env: { PORT: '3001' },
    expose: [],
  })
  t.match(
    upstreamOf(await inspect('sidecar', { port: 3001 })),
    { host: upstreamOf(await inspect('both')).host, port: 3001 },
    'a shared network',
  )

  await docker.run('none', { host: { NetworkMode: 'none' } })
  t.match(await inspect('none'), { state: 'unusable', error: { reason: 'no_address' } })
  await docker.run('many', { expose: [3000, 9000] })
  t.match(await inspect('many'), { state: 'unusable', error: { message: /3000, 9000/, hint: /port: 3000/ } })
  t.match(upstreamOf(await inspect('many', { port: 9000 })), { port: 9000 })
})

t.test('from within a container, its own id is found', { skip }, async (t) => {
  const docker = await openDocker(t)
  const { id, handle } = await docker.run('self', {
    image: docker.busyboxImage,
    command: ['cat', '/proc/self/mountinfo'],
  })
  await handle.wait()
  const mountinfo = (await handle.logs({ stdout: true })).toString('latin1')
  t.strictSame(ownIds(mountinfo, 'another-name'), [id])
})
