/** The admin API on a unix socket: its mode, and what is found at its path. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { removeStaleSocket } from '../../src/admin/unix-socket.ts'
import { startAdmin } from '../helpers/admin.ts'

/** Not t.testdir(): the path of a unix socket has at most 107 bytes. */
function folderOf(t: Pick<Test, 'teardown'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'wakedock-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

t.test('it answers on the socket, which others cannot open, and removes it at the end', async (t) => {
  const path = join(folderOf(t), 'admin.sock')
  const settings = { listen: { kind: 'unix', path }, tokens: [] } as const
  const { server, url } = await startAdmin(t, { settings })
  t.equal(url, `unix:${path}`)
  t.equal(statSync(path).mode & 0o777, 0o660)
  const dispatcher = new Agent({ connect: { socketPath: path } })
  const answer = await request('http://localhost/api/v1/services', { dispatcher })
  t.equal(answer.statusCode, 200)
  await answer.body.dump()
  await dispatcher.close()
  await server.close()
  t.notOk(existsSync(path))
})

t.test('a socket that a killed daemon left behind is removed', async (t) => {
  const path = join(folderOf(t), 'dead.sock')
  // Only a process that is killed leaves its socket file: Node removes it even at process.exit().
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  t.throws(() => execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' }))
  t.ok(existsSync(path))
  await removeStaleSocket(path)
  t.notOk(existsSync(path))
})

t.test('a socket that somebody listens on is left alone', async (t) => {
  const path = join(folderOf(t), 'live.sock')
  const live = createServer()
  await new Promise<void>((resolve) => {
    live.listen(path, resolve)
  })
  t.teardown(() => live.close())
  await t.rejects(removeStaleSocket(path), /something listens on .*live\.sock already/u)
  t.ok(existsSync(path))
})

t.test('a file that is not a socket is left alone', async (t) => {
  const path = join(folderOf(t), 'notes.txt')
  writeFileSync(path, 'dear diary')
  await t.rejects(removeStaleSocket(path), /is not a socket/u)
  t.ok(existsSync(path))
})

t.test('nothing there is nothing to do, no folder is said', async (t) => {
  const folder = folderOf(t)
  await removeStaleSocket(join(folder, 'new.sock'))
  const settings = { listen: { kind: 'unix', path: join(folder, 'no', 'folder.sock') }, tokens: [] } as const
  await t.rejects(startAdmin(t, { settings }))
})
