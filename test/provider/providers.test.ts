/** Several providers as one. */
import t from 'tap'
import { clock } from '../../src/clock.ts'
import type { Insight, Provider } from '../../src/domain/ports.ts'
import type { Target } from '../../src/domain/service.ts'
import { createDockerProvider } from '../../src/provider/docker/provider.ts'
import { createProviders } from '../../src/provider/providers.ts'
import { Listener, containerTarget, processTarget, readAll } from './outside.ts'

t.test('each target goes to the provider of its kind, and each is told only of its own', async (t) => {
  const calls: string[] = []
  const fake = (name: string): Provider & Insight => ({
    name,
    start: (target) => {
      calls.push(`${name} start ${target.key}`)
      return Promise.resolve({ state: 'paused' })
    },
    stop: (target, grace) => {
      calls.push(`${name} stop ${target.key} ${grace}`)
      return Promise.resolve()
    },
    pause: (target) => {
      calls.push(`${name} pause ${target.key}`)
      return Promise.resolve()
    },
    usage: (target) => {
      calls.push(`${name} usage ${target.key}`)
      return Promise.resolve({ cpuSeconds: 1, networkBytes: null })
    },
    inspect: () => Promise.resolve({ state: 'missing' }),
    memory: (target) => {
      calls.push(`${name} memory ${target.key}`)
      return Promise.resolve(1)
    },
    async *logs(target, { tail }) {
      calls.push(`${name} logs ${target.key} ${tail}`)
      yield { at: null, stream: 'stdout', text: name }
    },
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
    await provider.pause(target)
    t.match(await provider.usage(target), { cpuSeconds: 1 })
    t.match(await provider.inspect(target), { state: 'missing' })
    t.equal(await provider.memory(target), 1)
    t.match(await readAll(provider, target, { tail: 7 }), [{ stream: 'stdout' }])
  }
  provider.watch(all, new Listener())
  await provider.close()
  t.strictSame(calls, [
    'docker start container:a',
    'docker stop container:a 5',
    'docker pause container:a',
    'docker usage container:a',
    'docker memory container:a',
    'docker logs container:a 7',
    'process start process:b',
    'process stop process:b 5',
    'process pause process:b',
    'process usage process:b',
    'process memory process:b',
    'process logs process:b 7',
    'docker watch container:a',
    'process watch process:b',
    'docker close',
    'process close',
  ])
})

const elsewhere: Target[] = [
  { kind: 'url', key: 'url:x', scheme: 'http', host: '192.0.2.1', port: 80 },
  { kind: 'group', key: 'compose:x', name: 'x/app', main: 'container:x-app-1' },
]
for (const target of elsewhere) {
  t.test(`a ${target.kind} never comes to a provider`, async (t) => {
    const docker = createDockerProvider({ host: 'unix:///nowhere', network: null, clock })
    const provider = createProviders({ container: docker, process: docker })
    for (const ask of ['start', 'pause', 'usage', 'inspect'] as const) {
      t.throws(() => provider[ask](target), { message: `${target.key} has no provider` })
    }
    t.throws(() => provider.stop(target, 1), { message: /has no provider/ })
    t.equal(await provider.memory(target), null)
    await t.rejects(readAll(provider, target), { reason: 'refused', message: /has no log/, hint: /^Read / })
  })
}
