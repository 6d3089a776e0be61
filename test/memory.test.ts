/** What keeps a daemon small and fast. Node's flag for the size of young memory (src/memory.ts) cannot be set by the program itself, so it stands in three places. */
import { readFile } from 'node:fs/promises'
import { executionAsyncResource } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { rememberTick } from '../src/memory.ts'

const FLAG = '--max-semi-space-size=8'

t.test('every way to start WakeDock has the flag that keeps it small under load', async (t) => {
  for (const [file, start] of [
    ['../src/main.ts', `#!/usr/bin/env -S node ${FLAG}\n`],
    ['../Dockerfile', `ENTRYPOINT ["node", "${FLAG}", "dist/main.js"]`],
    ['../package.json', `exec node ${FLAG} src/main.ts serve`],
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
