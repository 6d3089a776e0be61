/** The watcher of the config file, with the ways in which files are really replaced. */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createFingerprint, watchFile } from '../../src/config/watch.ts'

/** Watches, and lets a test wait for the next change. */
async function watching(t: Pick<Test, 'teardown'>, file: string) {
  let changes = 0
  let next = Promise.withResolvers<void>()
  const watch = await watchFile(file, () => {
    changes++
    next.resolve()
  })
  t.teardown(() => watch.close())
  // The watcher does not keep the process alive: a promise that only it can settle would end the test early.
  const alive = setInterval(() => undefined, 1000)
  t.teardown(() => clearInterval(alive))
  return {
    watch,
    changes: () => changes,
    change: async (work: () => void): Promise<void> => {
      next = Promise.withResolvers()
      work()
      await next.promise
    },
  }
}

t.test('a pipe is not read: its content is there once, for who loads it', async (t) => {
  const pipe = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [pipe])
  const end = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
  t.teardown(() => closeSync(end))
  writeSync(end, 'services: {}\n')
  const fingerprint = await createFingerprint(pipe)
  t.notOk(await fingerprint.changed())
  const text = Buffer.alloc(100)
  t.equal(text.toString('utf8', 0, readSync(end, text)), 'services: {}\n')
})

t.test('a write in place is seen', async (t) => {
  const file = join(t.testdir({ 'a.yaml': '1' }), 'a.yaml')
  const { change, changes } = await watching(t, file)
  await change(() => writeFileSync(file, '2'))
  await change(() => writeFileSync(file, '3'))
  t.equal(changes(), 2)
})

t.test('a file replaced by rename is seen, again and again', async (t) => {
  const folder = t.testdir({ 'a.yaml': '1' })
  const file = join(folder, 'a.yaml')
  const { change, changes } = await watching(t, file)
  for (const content of ['2', '3', '4']) {
    await change(() => {
      writeFileSync(join(folder, '.a.swp'), content)
      renameSync(join(folder, '.a.swp'), file)
    })
  }
  t.equal(changes(), 3)
})

t.test('a file that is removed is waited for', async (t) => {
  const file = join(t.testdir({ 'a.yaml': '1' }), 'a.yaml')
  const { change, changes } = await watching(t, file)
  rmSync(file)
  await change(() => writeFileSync(file, '2'))
  t.equal(changes(), 1)
})

t.test('a swapped link is seen, as Kubernetes does it, and what it leads to from then on', async (t) => {
  const folder = t.testdir({ one: { 'a.yaml': '1' }, two: { 'a.yaml': '2' } })
  symlinkSync('one', join(folder, '..data'))
  symlinkSync('..data/a.yaml', join(folder, 'a.yaml'))
  const { change, changes } = await watching(t, join(folder, 'a.yaml'))
  await change(() => {
    symlinkSync('two', join(folder, '..tmp'))
    renameSync(join(folder, '..tmp'), join(folder, '..data'))
  })
  await change(() => writeFileSync(join(folder, 'two', 'a.yaml'), '3'))
  t.equal(changes(), 2)
})

t.test('a link into another folder is followed', async (t) => {
  const folder = t.testdir({ etc: {}, store: { 'a.yaml': '1' } })
  symlinkSync('../store/a.yaml', join(folder, 'etc', 'a.yaml'))
  const { change, changes } = await watching(t, join(folder, 'etc', 'a.yaml'))
  await change(() => {
    writeFileSync(join(folder, 'store', 'new'), '2')
    renameSync(join(folder, 'store', 'new'), join(folder, 'store', 'a.yaml'))
  })
  t.equal(changes(), 1)
})

t.test('only another content is a change', async (t) => {
  const file = join(t.testdir({ 'a.yaml': '1' }), 'a.yaml')
  const content = await createFingerprint(file)
  t.equal(await content.changed(), false)
  utimesSync(file, 1, 1)
  t.equal(await content.changed(), false, 'touched')
  writeFileSync(file, '1')
  t.equal(await content.changed(), false, 'written again')
  rmSync(file)
  t.equal(await content.changed(), false, 'missing')
  writeFileSync(file, '2')
  t.equal(await content.changed(), true)
  t.equal(await content.changed(), false, 'told once')
  rmSync(file)
  mkdirSync(file)
  t.equal(await content.changed(), false, 'unreadable')
})

t.test('after close nothing is told', async (t) => {
  const folder = t.testdir({ 'a.yaml': '1' })
  const file = join(folder, 'a.yaml')
  const first = await watching(t, file)
  const second = await watching(t, file)
  first.watch.close()
  await second.change(() => writeFileSync(file, '2'))
  t.equal(first.changes(), 0)
})
