/** What keeps a daemon small and fast. Node's flag for the size of young memory (src/memory.ts) cannot be set by the program itself, so it stands in three places. */
import { readFile } from 'node:fs/promises'
import { executionAsyncResource } from 'node:async_hooks'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { relayed, rememberTick } from '../src/memory.ts'

const FLAG = '--max-semi-space-size=8'

t.test('every way to start WakeDock has the flag that keeps it small under load', async (t) => {
  for (const [file, start] of [
    ['../src/main.ts', `#!/usr/bin/env -S node ${FLAG}\n`],
    ['../Dockerfile', `ENTRYPOINT ["node", "${FLAG}", "dist/main.js"]`],
    ['../package.json', `${FLAG} src/main.ts serve`],
    ['../README.md', `node ${FLAG} dist/main.js`],
  ] as const)
    t.ok((await readFile(new URL(file, import.meta.url), 'utf8')).includes(start), `${file}: ${start}`)
})

t.test('the object of a tick outlives a full collection, so that its shape is not forgotten', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('V8 shows no gc')
  const { promise, resolve } = Promise.withResolvers<WeakRef<object>[]>()
  const ticks: WeakRef<object>[] = []
  process.nextTick(() => ticks.push(new WeakRef(executionAsyncResource())))
  process.nextTick(() => {
    rememberTick()
    ticks.push(new WeakRef(executionAsyncResource()))
    setImmediate(() => setImmediate(() => resolve(ticks)))
  })
  const [other, kept] = await promise
  collect({ type: 'major', execution: 'sync' })
  t.equal(other?.deref(), undefined, 'others do not')
  t.ok(kept?.deref())
})

t.test('after 24 MiB of bodies the young are collected', async (t) => {
  const kinds: unknown[] = []
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      if ('detail' in entry && typeof entry.detail === 'object' && entry.detail !== null)
        kinds.push('kind' in entry.detail && entry.detail.kind)
  })
  observer.observe({ entryTypes: ['gc'] })
  for (let mebibyte = 0; mebibyte < 24; mebibyte += 1) relayed(2 ** 20)
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  observer.disconnect()
  t.ok(kinds.includes(constants.NODE_PERFORMANCE_GC_MINOR))
})
