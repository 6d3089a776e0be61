/** The helper itself: an image is made, an app runs in it, and nothing is left behind. */
import t from 'tap'
import { dockerSkip, openDocker, until } from './docker.ts'

t.test('an app runs in a container made without a registry', { skip: dockerSkip() }, async (t) => {
  const docker = await openDocker(t)
  const app = await docker.run('app', { env: { BOOT_MS: '50' } })
  const { NetworkSettings } = await app.handle.inspect()
  const address = NetworkSettings.Networks['bridge']?.IPAddress
  const answer = await until('the app answers', () =>
    fetch(`http://${address}:3000/echo`, { method: 'POST', body: 'hello' }).catch(() => null),
  )
  t.equal(await answer.text(), 'hello')
  t.equal(answer.headers.get('x-method'), 'POST')
  await app.handle.stop({ t: 5 })
  t.equal((await app.handle.inspect()).State.ExitCode, 0, 'the app obeys SIGTERM as process 1')
})
