/** Real containers that are frozen instead of stopped. */
import t from 'tap'
import { dockerSkip } from '../../helpers/docker.ts'
import { open, upstreamOf } from './scene.ts'

const skip = dockerSkip()

t.test('a pause keeps the run, and a start lets it go on', { skip }, async (t) => {
  const { docker, provider, listener, target } = await open(t)
  const app = target('app')
  const { handle } = await docker.run('app')
  await docker.booted(handle)
  provider.watch([app], listener)
  const { upstream } = await listener.reaches(app, 'running')

  await provider.pause(app)
  await listener.reaches(app, 'paused')
  t.equal((await handle.inspect()).State.Status, 'paused')
  await t.resolves(provider.pause(app), 'paused already')

  t.equal(upstreamOf(await provider.start(app)), upstream)
  const { host, port } = upstream
  t.equal((await fetch(`http://${host}:${port}/boot`)).status, 200)

  await provider.pause(app)
  await provider.stop(app, 5000)
  t.match((await handle.inspect()).State, { Status: 'exited', ExitCode: 0 }, 'a stop lets it end in order')
  await t.resolves(provider.pause(app), 'down already')
  t.equal((await handle.inspect()).State.Status, 'exited')
  await handle.remove()
  await t.resolves(provider.pause(app), 'gone already')
  t.notMatch(listener.log.join(' '), 'lost')
})
