/** The engine itself ends and comes back: what it says of its containers before, meanwhile and afterwards. */
import t from 'tap'
import { clock } from '../../src/clock.ts'
import { createDockerProvider } from '../../src/provider/docker/provider.ts'
import { makeBusyboxImage } from '../helpers/images.ts'
import { containerTarget, Listener } from '../provider/outside.ts'
import { ownEngine, ownEngineSkip, type OwnEngine } from './own-engine.ts'

const skip = ownEngineSkip()

/** A container that runs until it is told to end. */
async function run({ api }: OwnEngine, name: string, restart = ''): Promise<void> {
  const container = await api.createContainer({
    name,
    Image: await makeBusyboxImage(api),
    Cmd: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'],
    Labels: { 'wakedock.enable': 'true' },
    HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: restart } },
  })
  await container.start()
}

t.test(
  'Docker is restarted and its containers with it: lost once, back once, and what is true afterwards',
  { skip, timeout: 300_000 },
  async (t) => {
    const engine = await ownEngine(t)
    const provider = createDockerProvider({ host: engine.host, network: null, clock })
    t.teardown(() => provider.close())
    const listener = new Listener()
    await engine.start()
    await run(engine, 'app')
    await run(engine, 'always', 'always')
    const app = containerTarget('app', { addressed: false })
    const always = containerTarget('always', { addressed: false })
    provider.watch([app, always], listener)
    provider.discover({ projects: [], labelled: true }, (found) => {
      listener.log.push(`heard ${found.map(({ name }) => name).join(' ')}`)
    })
    const before = await listener.reaches(app, 'running')
    const alwaysBefore = await listener.reaches(always, 'running')
    t.strictSame(listener.log.slice(0, 2), ['heard always app', 'back'])

    const told = listener.log.length
    await engine.end()
    await listener.hears('lost:unreachable')
    await t.rejects(provider.start(app), { reason: 'unreachable', message: /Docker does not answer/ })
    await engine.start()
    await listener.hears('back', 2)
    await listener.reaches(app, 'stopped')
    t.not((await listener.reaches(always, 'running')).upstream, alwaysBefore.upstream, 'another run')
    const after = listener.log.slice(told)
    t.equal(after.filter((entry) => entry === 'lost:unreachable').length, 1)
    t.equal(after.filter((entry) => entry === 'back').length, 1)
    t.notOk(
      after.some((entry) => entry.startsWith('heard')),
      'the list is the same one',
    )

    // A start right after it: nothing of the old engine is in the way.
    t.match(await provider.start(app), { state: 'running' })
    t.not((await listener.reaches(app, 'running')).upstream, before.upstream)
    await provider.pause(app)
    await listener.reaches(app, 'paused')
    await provider.stop(app, 5000)
    await provider.stop(always, 5000)
  },
)
