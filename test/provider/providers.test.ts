/** The always-on provider, and several providers as one. */
import t from 'tap'
import type { Provider } from '../../src/domain/ports.ts'
import type { Target, UrlTarget } from '../../src/domain/service.ts'
import { createProviders } from '../../src/provider/providers.ts'
import { createStaticProvider } from '../../src/provider/static.ts'
import { settled } from '../helpers/fake-clock.ts'
import { Listener, containerTarget, processTarget } from './outside.ts'

const api: UrlTarget = { kind: 'url', key: 'url:api', scheme: 'https', host: '192.0.2.10', port: 443 }

t.test('an address is always on, and is never stopped', async (t) => {
  const provider = createStaticProvider()
  const listener = new Listener()
  provider.watch([api], listener)
  t.strictSame(listener.log, [], 'not from within watch()')
  await settled()
  t.strictSame(listener.log, ['back', 'running'])
  const status = await provider.start(api)
  t.match(status, {
    state: 'running',
    upstream: { protocol: 'https', host: '192.0.2.10', port: 443, relayed: false },
  })
  t.strictSame(await provider.inspect(api), status)
  t.equal(
    listener.statuses[0]?.status.state === 'running' && listener.statuses[0].status.upstream,
    status.state === 'running' && status.upstream,
    'one object',
  )
  await t.rejects(provider.stop(api, 0), { message: /not WakeDock's to stop/, reason: 'refused' })

  const moved = { ...api, port: 444 }
  provider.watch([moved], listener)
  await settled()
  t.match(listener.last(moved), { upstream: { port: 444 } })
  provider.watch([moved], listener)
  await settled()
  t.equal(listener.log.filter((entry) => entry === 'running').length, 2, 'known ones are not told again')
  await provider.close()
})

t.test('each target goes to the provider of its kind, and each is told only of its own', async (t) => {
  const calls: string[] = []
  const fake = (name: string): Provider => ({
    name,
    start: (target) => {
      calls.push(`${name} start ${target.key}`)
      return Promise.resolve({ state: 'paused' })
    },
    stop: (target, grace) => {
      calls.push(`${name} stop ${target.key} ${grace}`)
      return Promise.resolve()
    },
    inspect: () => Promise.resolve({ state: 'missing' }),
    watch: (targets) => void calls.push(`${name} watch ${targets.map((target) => target.key).join(' ')}`),
    close: () => {
      calls.push(`${name} close`)
      return Promise.resolve()
    },
  })
  const provider = createProviders({ container: fake('docker'), process: fake('process'), url: fake('url') })
  const all: Target[] = [containerTarget('a'), processTarget('b', ['true'], 1), api]
  for (const target of all) {
    await provider.start(target)
    await provider.stop(target, 5)
    t.match(await provider.inspect(target), { state: 'missing' })
  }
  provider.watch(all, new Listener())
  await provider.close()
  t.strictSame(calls, [
    'docker start container:a',
    'docker stop container:a 5',
    'process start process:b',
    'process stop process:b 5',
    'url start url:api',
    'url stop url:api 5',
    'docker watch container:a',
    'process watch process:b',
    'url watch url:api',
    'docker close',
    'process close',
    'url close',
  ])
})
