/** Containers found by their labels on a real engine, live. */
import t from 'tap'
import type { FoundContainer } from '../../src/domain/ports.ts'
import { dockerSkip, openDocker, until, type TestDocker } from '../helpers/docker.ts'
import { open } from '../provider/docker/scene.ts'

const skip = dockerSkip()

/** What was heard, without the containers that other tests have made. */
class Ear {
  lists: string[][] = []
  last: readonly FoundContainer[] = []
  readonly #docker: TestDocker

  constructor(docker: TestDocker) {
    this.#docker = docker
  }

  readonly heard = (found: readonly FoundContainer[]): void => {
    const prefix = this.#docker.name('')
    this.last = found.filter(({ name }) => name.startsWith(prefix))
    this.lists.push(this.last.map(({ name }) => name.slice(prefix.length)))
  }

  hears(...names: string[]): Promise<boolean> {
    return until(
      `${names.join(' ')} are heard of; heard: ${JSON.stringify(this.lists)}`,
      () => JSON.stringify(this.lists.at(-1)) === JSON.stringify(names),
    )
  }
}

const compose = (project: string, service: string): Record<string, string> => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
  'com.docker.compose.depends_on': 'db:service_healthy:false',
})

t.test('labelled containers come, change their name and go', { skip }, async (t) => {
  const { docker, provider } = await open(t)
  const ear = new Ear(docker)
  const labels = { 'wakedock.enable': 'true', 'wakedock.hosts': 'blog.example.com' }
  const { handle } = await docker.create('blog', { labels })
  await docker.create('other', { labels: { 'wakedock.enable': 'false' } })
  provider.discover({ projects: [], labelled: true }, ear.heard)
  await ear.hears('blog')
  t.match(ear.last[0], { name: docker.name('blog'), labels })
  const { Created } = await handle.inspect()
  t.equal(ear.last[0]?.created, Math.floor(Date.parse(Created) / 1000))

  await docker.run('wiki', { labels })
  await ear.hears('blog', 'wiki')
  await handle.rename({ name: docker.name('attic') })
  await ear.hears('attic', 'wiki')
  await handle.remove()
  await ear.hears('wiki')
  // Labels are set for good: others are another container.
  await docker.create('wiki', { labels: { 'wakedock.enable': 'false' } })
  await ear.hears()
})

t.test('a project of Compose, whatever its containers do', { skip }, async (t) => {
  const { docker, provider } = await open(t)
  const ear = new Ear(docker)
  const project = docker.name('next')
  const stranger = { labels: compose(docker.name('wiki'), 'app') }
  provider.discover({ projects: [project], labelled: false }, ear.heard)
  await ear.hears()
  await docker.create('wiki-app-1', stranger)
  await docker.create('next-app-1', { labels: compose(project, 'app') })
  await docker.run('next-db-1', { labels: compose(project, 'db') })
  await ear.hears('next-app-1', 'next-db-1')
  t.match(ear.last[0]?.labels, compose(project, 'app'))

  provider.discover({ projects: [project, docker.name('wiki')], labelled: false }, ear.heard)
  await ear.hears('next-app-1', 'next-db-1', 'wiki-app-1')
})

t.test(
  'what has changed while Docker was away is heard of when it is back, first of all',
  { skip },
  async (t) => {
    const outside = await openDocker(t)
    const relay = await outside.relay()
    const { docker, provider, listener, target } = await open(t, relay.host)
    const ear = new Ear(docker)
    const labels = { 'wakedock.enable': 'true' }
    const app = target('app')
    await docker.create('app')
    provider.watch([app], listener)
    const heard = (found: readonly FoundContainer[]): void => {
      listener.log.push('heard')
      ear.heard(found)
    }
    provider.discover({ projects: [], labelled: true }, heard)
    await listener.reaches(app, 'stopped')
    t.strictSame(listener.log, ['heard', 'back', 'stopped'])
    await relay.down()
    await listener.hears('lost:unreachable')
    const project = docker.name('next')
    provider.discover({ projects: [project], labelled: true }, heard, () => listener.log.push('failed'))
    await docker.create('late', { labels })
    await relay.up()
    await ear.hears('late')
    await listener.hears('stopped', 2)
    t.strictSame(listener.log.slice(3), ['lost:unreachable', 'heard', 'back', 'stopped'])
  },
)
