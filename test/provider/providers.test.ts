/** Several providers as one. */
import t from 'tap'
import type { Provider } from '../../src/domain/ports.ts'
import type { Target } from '../../src/domain/service.ts'
import { createProviders } from '../../src/provider/providers.ts'
import { Listener, containerTarget, processTarget } from './outside.ts'

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
  const provider = createProviders({ container: fake('docker'), process: fake('process') })
  const all: Target[] = [containerTarget('a'), processTarget('b', ['true'], 1)]
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
    'docker watch container:a',
    'process watch process:b',
    'docker close',
    'process close',
  ])
})
