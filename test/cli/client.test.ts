/** status, wake and sleep against a real admin server, and every way in which it may not be there. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { startAdmin, TOKENS } from '../helpers/admin.ts'
import { FAILURE, FakeControl, snapshot } from '../helpers/fake-control.ts'
import { run } from '../helpers/cli.ts'

t.test('status prints the table, and one service in detail', async (t) => {
  const { url } = await startAdmin(t)
  const table = await run(`status --admin ${url}`)
  t.equal(table.code, 0)
  t.match(table.out, /^SERVICE {2}STATE {3}SINCE .*\nblog {5}asleep {2}1 m {3}/u)
  const detail = await run('status blog', { env: { WAKEDOCK_ADMIN: `${url}/` } })
  t.equal(detail.code, 0)
  t.match(detail.out, /^blog\n {2}state {8}asleep for 1 m\n/u)
})

t.test('--json prints what the API answers', async (t) => {
  const { url, ask } = await startAdmin(t)
  const list = await run(`status --json --admin ${url}`)
  t.same(JSON.parse(list.out), (await ask('GET /api/v1/services')).json)
  const one = await run(`wake blog --json --wait --admin ${url}`)
  t.match(JSON.parse(one.out), { name: 'blog', state: 'awake' })
})

t.test('wake and sleep order, and with --wait say the outcome', async (t) => {
  const { url, control } = await startAdmin(t)
  const env = { WAKEDOCK_ADMIN: url }
  t.same(await run('wake blog', { env }), { code: 0, out: 'blog is asleep\n', err: '' })
  t.same(await run('wake blog --wait', { env }), { code: 0, out: 'blog is awake\n', err: '' })
  t.same(await run('sleep blog --wait', { env }), { code: 0, out: 'blog is asleep\n', err: '' })
  await run('sleep blog --force', { env })
  t.same(control.orders, ['wake blog', 'wake blog', 'sleep blog', 'sleep blog force'])
})

t.test('pin and unpin say how long, and what the service does now', async (t) => {
  const { url, control } = await startAdmin(t)
  const env = { WAKEDOCK_ADMIN: url }
  t.same(await run('pin blog --for 2h', { env }), {
    code: 0,
    out: 'blog is pinned for 2h; it is asleep now\n',
    err: '',
  })
  t.match(await run('pin blog', { env }), { out: 'blog is pinned until it is unpinned; it is asleep now\n' })
  t.match(await run('unpin blog', { env }), { code: 0, out: 'blog is not pinned; it is asleep now\n' })
  t.same(control.orders, ['pin blog 7200000', 'pin blog null', 'unpin blog'])
  t.match(JSON.parse((await run('pin blog --for=90m --json', { env })).out), { name: 'blog', pinned: true })
  t.match(JSON.parse((await run('unpin blog --json', { env })).out), { name: 'blog', pinned: false })
  t.match(await run('pin blgo', { env }), { code: 1, err: /"blgo"; did you mean blog\?/u })
  t.match(await run('unpin blgo', { env }), { code: 1, err: /"blgo"; did you mean blog\?/u })
})

t.test('a sleep of what others need exits with 1 and says who', async (t) => {
  const db = snapshot('db', { state: 'awake', neededBy: ['blog'] })
  const { url, control } = await startAdmin(t, { control: new FakeControl(db) })
  control.result = (current) =>
    Promise.resolve({ done: false, why: 'blog needs it.', snapshot: { ...current, failure: FAILURE } })
  t.same(await run(`sleep db --admin ${url}`), { code: 1, out: '', err: 'wakedock: blog needs it.\n' })
})

t.test('a wake that fails exits with 1, and says why and what to do, each once', async (t) => {
  const { url, control } = await startAdmin(t)
  let why = 'It ended.'
  control.result = (current) =>
    Promise.resolve({ done: false, why, snapshot: { ...current, failure: FAILURE } })
  const line = `wake blog --wait --admin ${url}`
  t.same(await run(line), { code: 1, out: '', err: 'wakedock: It ended.\nSee its log.\n' })
  why = 'It ended. See its log.'
  t.same(await run(line), { code: 1, out: '', err: 'wakedock: It ended. See its log.\n' })
})

t.test('an unknown service gets a suggestion, or the list', async (t) => {
  const { url } = await startAdmin(t)
  t.same(await run(`wake blgo --admin ${url}`), {
    code: 1,
    out: '',
    err: 'wakedock: no service is called "blgo"; did you mean blog?\n',
  })
  t.match(await run(`status x/../shop --admin ${url}`), {
    code: 1,
    err: 'wakedock: no service is called "x/../shop". There are: blog, shop\n',
  })
})

t.test('the token comes from the environment or a file', async (t) => {
  const { url } = await startAdmin(t, { tokens: TOKENS })
  const file = join(t.testdir(), 'token')
  writeFileSync(file, 'operate-secret\n')
  const status = `status --admin ${url}`
  t.match(await run(status, { env: { WAKEDOCK_TOKEN: 'read-secret' } }), { code: 0 })
  t.match(await run(`wake blog --admin ${url} --token-file ${file}`), { code: 0 })

  const wrong = await run(status, { env: { WAKEDOCK_TOKEN: 'gue55' } })
  t.match(wrong, { code: 1, err: /\$WAKEDOCK_TOKEN is not set or not one of its admin\.tokens/u })
  t.notMatch(wrong.err, /gue55/u)
  t.match(await run(status), { code: 1, err: /\$WAKEDOCK_TOKEN is not set/u })
  t.match(await run(`wake blog --admin ${url}`, { env: { WAKEDOCK_TOKEN: 'read-secret' } }), {
    code: 1,
    err: /"prometheus" may read, not operate\. .*\$WAKEDOCK_TOKEN/u,
  })
  t.match(await run(`${status} --token-file no/where`), {
    code: 1,
    err: /--token-file no\/where cannot be read/u,
  })
  writeFileSync(file, '\n')
  t.match(await run(`${status} --token-file ${file}`), { code: 1, err: /is empty/u })
})

t.test('a daemon that is not there', async (t) => {
  const { url, server } = await startAdmin(t)
  await server.close()
  t.same(await run(`status --admin ${url}`), {
    code: 1,
    out: '',
    err: `wakedock: no WakeDock daemon answers at ${url}: nothing listens there.\nStart it with "wakedock serve", or name its address with --admin URL or $WAKEDOCK_ADMIN.\n`,
  })
  t.match(await run('status --admin unix:/no/such.sock'), {
    code: 1,
    err: /answers at unix:\/no\/such\.sock: .*ENOENT/u,
  })
  t.match(await run('status --admin localhost:9090'), {
    code: 1,
    err: /write http:\/\/host:port or unix:\/path/u,
  })
})

t.test('credentials in the address are refused, and not repeated', async (t) => {
  for (const line of [
    'status --admin http://ops:s3cr3t@127.0.0.1:1',
    'status --admin http://s3cr3t@127.0.0.1:1',
  ]) {
    const { code, err } = await run(line)
    t.equal(code, 1)
    t.match(err, /must hold no credentials: use \$WAKEDOCK_TOKEN instead\n$/u)
    t.notMatch(err, /s3cr3t/u)
  }
})

t.test('something else that answers', async (t) => {
  let body = '<html>'
  const other = createServer((_request, response) => response.end(body))
  await new Promise<void>((resolve) => {
    other.listen(0, '127.0.0.1', resolve)
  })
  t.teardown(() => other.close())
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const line = `status --admin http://127.0.0.1:${port}`
  t.match(await run(line), { code: 1, err: /is not WakeDock's admin API/u })
  body = '{"hello":"world"}'
  t.match(await run(line), { code: 1, err: /speaks another version/u })
  t.match(await run(`${line} blog`.replace('status', 'wake')), { code: 1, err: /speaks another version/u })
})

t.test('colour and width are those of the terminal', async (t) => {
  const name = 'a-service-with-a-rather-long-name'
  const { url } = await startAdmin(t, { control: new FakeControl(snapshot(name)) })
  const line = `status --admin ${url}`
  t.ok((await run(line, { isTTY: true })).out.includes('\u001b[90masleep'))
  t.notOk((await run(line, { isTTY: true, env: { NO_COLOR: '1' } })).out.includes('\u001b'))
  const narrow = await run(line, { isTTY: true, columns: 30, env: { NO_COLOR: '1' } })
  t.ok(narrow.out.split('\n').every((text) => text.length <= 30))
  const unknown = await run(line, { isTTY: true, columns: 0, env: { NO_COLOR: '1' } })
  t.match(unknown.out, /LAST-WAKE/u, 'a terminal that does not know its width')
  const piped = await run(line, { isTTY: false, columns: 30 })
  t.match(piped.out, /LAST-WAKE/u)
})
