/** The Docker provider against a real engine: verbs, and what people do by hand. */
import t from 'tap'
import { dockerSkip, until } from '../../helpers/docker.ts'
import { containerTarget } from '../outside.ts'
import { open, upstreamOf } from './scene.ts'

const skip = dockerSkip()

t.test('a start makes it run from every state, and says where', { skip }, async (t) => {
  const { docker, provider, target } = await open(t)
  const { handle } = await docker.create('app')
  const app = target('app')

  const created = upstreamOf(await provider.start(app))
  t.match(created, { protocol: 'http', port: 3000, relayed: false }, 'created')
  t.equal((await handle.inspect()).State.Status, 'running')
  t.equal(upstreamOf(await provider.start(app)), created, 'running: the same run is the same object')

  await handle.pause()
  t.equal(upstreamOf(await provider.start(app)), created, 'paused: the same run goes on')

  await handle.kill()
  const exited = upstreamOf(await provider.start(app))
  t.not(exited, created, 'exited: another run')
  t.not(exited.generation, created.generation)
})

t.test(
  'a start of a container that Docker is about to restart does not wait for Docker',
  { skip },
  async (t) => {
    const { docker, provider, target } = await open(t)
    const { handle, name } = await docker.run('crash', {
      image: docker.busyboxImage,
      command: ['sh', '-c', 'test -e /tmp/good && exec sleep 60; exit 3'],
      expose: [80],
      host: { RestartPolicy: { Name: 'always' } },
    })
    const crash = target('crash')
    // Docker doubles its wait with every restart: from the fifth on it is well above a second.
    await until('it is between two restarts', async () => {
      const { State, RestartCount } = await handle.inspect()
      return State.Status === 'restarting' && RestartCount >= 4
    })
    t.match(await provider.inspect(crash), { state: 'restarting', exitCode: 3 })
    await docker.putFile(name, '/tmp', 'good')
    t.match(await provider.start(crash), { state: 'running' })
  },
)

t.test('a stop is confirmed when it resolves', { skip }, async (t) => {
  const { docker, provider, target } = await open(t)
  const app = target('app')
  const { handle } = await docker.run('app')
  await docker.booted(handle)

  await provider.stop(app, 5000)
  t.match((await handle.inspect()).State, { Status: 'exited', ExitCode: 0 }, 'asked politely')
  await t.resolves(provider.stop(app, 5000), 'down already')

  await handle.start()
  await docker.booted(handle)
  await handle.pause()
  await provider.stop(app, 5000)
  t.equal((await handle.inspect()).State.Status, 'exited', 'paused')

  await docker.run('app', { env: { IGNORE_TERM: '1' } })
  await provider.stop(app, 300)
  t.match(await provider.inspect(app), { state: 'stopped', exitCode: 137 }, 'killed after its grace')

  await docker.booted((await docker.run('app', { host: { AutoRemove: true } })).handle)
  await provider.stop(app, 5000)
  await until('it is removed', async () => (await provider.inspect(app)).state === 'missing')
  await t.resolves(provider.stop(app, 5000), 'gone already')
})

t.test('what ends at once is told by its exit code', { skip }, async (t) => {
  const { docker, provider, listener, target } = await open(t)
  const options = { image: docker.busyboxImage, command: ['sh', '-c', 'exit 7'], expose: [80] }
  await docker.create('short', options)
  const short = target('short')
  provider.watch([short], listener)
  await provider.start(short)
  t.match(
    await until('it ended', async () => {
      const status = await provider.inspect(short)
      return status.state === 'stopped' && status
    }),
    { state: 'stopped', exitCode: 7, oom: false },
  )
  t.match(await listener.reaches(short, 'stopped'), { exitCode: 7 })
})

t.test('what Docker refuses comes with its words and a remedy', { skip }, async (t) => {
  const { docker, provider, target } = await open(t)
  await t.rejects(provider.start(target('none')), {
    reason: 'missing',
    message: `container ${docker.name('none')} does not exist`,
  })

  await docker.create('typo', { image: docker.busyboxImage, command: ['no-such-program'], expose: [80] })
  await t.rejects(provider.start(target('typo')), {
    reason: 'refused',
    message: /no-such-program/,
    hint: /command/,
  })
  t.match(await provider.inspect(target('typo')), { state: 'stopped', exitCode: null }, 'it never ran')

  const network = await docker.network('gone')
  await docker.create('homeless', { host: { NetworkMode: network } })
  await docker.api.getNetwork(network).remove()
  await t.rejects(provider.start(target('homeless')), {
    message: /network .* not found/,
    reason: 'refused',
    hint: /recreate the container/,
  })

  const bind = { '3000/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] }
  const first = await docker.run('first', { host: { PortBindings: bind } })
  const taken = (await first.handle.inspect()).NetworkSettings.Ports['3000/tcp']?.[0]?.HostPort ?? ''
  const again = { '3000/tcp': [{ HostIp: '127.0.0.1', HostPort: taken }] }
  await docker.create('second', { host: { PortBindings: again } })
  await t.rejects(provider.start(target('second')), {
    message: /port is already allocated/,
    reason: 'refused',
    hint: /port/,
  })
})

t.test('a name never means a container whose id begins like it', { skip }, async (t) => {
  const { docker, provider } = await open(t)
  const { id, handle } = await docker.run('app')
  const looksLikeIt = containerTarget(id.slice(0, 12))
  t.match(await provider.inspect(looksLikeIt), { state: 'missing' })
  await t.rejects(provider.start(looksLikeIt), { message: /does not exist/, reason: 'missing' })
  await provider.stop(looksLikeIt, 0)
  t.equal((await handle.inspect()).State.Status, 'running')
  t.match(
    await provider.inspect(containerTarget(docker.name('ap'))),
    { state: 'missing' },
    'nor a part of a name',
  )
})

t.test('what people do by hand is told', { skip }, async (t) => {
  const { docker, provider, listener, target } = await open(t)
  const app = target('app')
  const { handle } = await docker.run('app')
  provider.watch([app], listener)
  const adopted = (await listener.reaches(app, 'running')).upstream
  t.equal(listener.log[0], 'back', 'the provider says first that it answers')

  await handle.pause()
  await listener.reaches(app, 'paused')
  await handle.unpause()
  t.equal((await listener.reaches(app, 'running')).upstream, adopted, 'unpaused: the same run')

  await handle.kill()
  t.match(await listener.reaches(app, 'stopped'), { exitCode: 137 })
  await handle.start()
  const second = (await listener.reaches(app, 'running')).upstream
  t.not(second.generation, adopted.generation)
  await handle.stop({ t: 0 })
  await listener.reaches(app, 'stopped')

  await handle.rename({ name: docker.name('away') })
  await listener.reaches(app, 'missing')
  await handle.rename({ name: docker.name('app') })
  await listener.reaches(app, 'stopped')
  await handle.remove()
  await listener.reaches(app, 'missing')

  const next = await docker.create('app')
  t.match(await listener.reaches(app, 'stopped'), { exitCode: null }, 'recreated')
  await next.handle.start()
  t.match((await listener.reaches(app, 'running')).upstream.generation, next.id)
  t.notMatch(listener.log.join(' '), 'lost')
})

t.test('each crash of a container that Docker restarts is told once', { skip }, async (t) => {
  const { docker, provider, listener, target } = await open(t)
  const loop = target('loop')
  provider.watch([loop], listener)
  await listener.reaches(loop, 'missing')
  await docker.run('loop', {
    image: docker.busyboxImage,
    command: ['sh', '-c', 'exit 3'],
    expose: [80],
    host: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } },
  })
  await until('Docker gives up', () => {
    const last = listener.last(loop)
    return last?.state === 'stopped' && last.exitCode === 3
  })
  // A run may be over before it is looked at, but no crash is counted twice.
  const crashes = listener.log.filter((entry) => entry === 'restarting').length
  t.ok(crashes >= 1 && crashes <= 3, `3 restarts, ${crashes} told`)
})
