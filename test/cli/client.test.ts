/** status, wake and sleep against a real admin server, and every way in which it may not be there. */
import { writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createRawServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { adminAddress } from '../../src/cli/admin-address.ts'
import { connectTo } from '../../src/cli/connection.ts'
import { isPassing, notOurs, unreachable } from '../../src/cli/refusals.ts'
import { startAdmin, TOKENS } from '../helpers/admin.ts'
import { FAILURE, FakeControl, snapshot } from '../helpers/fake-control.ts'
import { fakeIo, run } from '../helpers/cli.ts'

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
  t.same(await run('wake blog --wait', { env }), { code: 0, out: 'blog is awake, after 0 ms\n', err: '' })
  t.same(await run('sleep blog --wait', { env }), { code: 0, out: 'blog is asleep already\n', err: '' })
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
  t.match(wrong, {
    code: 1,
    err: /does not take the token of \$WAKEDOCK_TOKEN: it is not one of its admin\.tokens/u,
  })
  t.notMatch(wrong.err, /gue55/u)
  t.match(await run(status), { code: 1, err: /wants a token, and none was given\. .*\$WAKEDOCK_TOKEN/u })
  t.match(await run(`wake blog --admin ${url}`, { env: { WAKEDOCK_TOKEN: 'read-secret' } }), {
    code: 1,
    err: /"prometheus" may read, not operate\. It comes from \$WAKEDOCK_TOKEN; this takes one whose scope is operate/u,
  })
  t.match(await run(`${status} --token-file no/where`), {
    code: 1,
    err: /--token-file no\/where cannot be read/u,
  })
  writeFileSync(file, 'tok3n\nsecond line\n')
  const two = await run(`${status} --token-file ${file}`)
  t.match(two, { code: 1, err: /holds more than a token/u })
  t.notMatch(two.err, /tok3n/u)
  t.match(await run(status, { env: { WAKEDOCK_TOKEN: 'tok3n é' } }), { err: /\$WAKEDOCK_TOKEN holds more/u })
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
    err: /answers at unix:\/no\/such\.sock: there is no such socket\.\n/u,
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

interface Other {
  /** What it answers; a path that is not here gets that of "*". */
  readonly bodies: Readonly<Record<string, string>>
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Another program, or another WakeDock. Resolves to its address. */
async function startOther(t: Pick<Test, 'teardown'>, { bodies, status = 200, headers = {} }: Other) {
  const other = createServer((request, response) => {
    response.writeHead(status, headers)
    response.end(bodies[String(request.url)] ?? bodies['*'] ?? '')
  })
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const address = other.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

const OVERVIEW = '/api/v1/system/overview'
const UNKNOWN = '{"code":"WAKEDOCK_NOT_FOUND","detail":"There is no such path."}'
const NO_ROUTE = '{"code":"WAKEDOCK_NO_ROUTE","status":404}'

/** What answers, and the beginning of what is said of it. */
const OTHERS: readonly (readonly [what: string, other: Other, said: RegExp])[] = [
  ['a web page', { bodies: { '*': '<html>' } }, /^what answers at \S+ is not WakeDock's admin API\./u],
  ['a JSON API', { bodies: { '*': '{"hello":"world"}' } }, /^what answers at \S+ is not WakeDock's/u],
  [
    'a JSON API that refuses',
    { bodies: { '*': '{}' }, status: 404 },
    /^what answers at \S+ is not WakeDock's/u,
  ],
  [
    'the side of the proxy that no service is at',
    {
      bodies: { '*': NO_ROUTE },
      status: 404,
      headers: { 'proxy-status': 'WakeDock; error=destination_not_found' },
    },
    /^\S+ is where WakeDock takes the requests for its services \(listen\), not its admin API\. .*--admin/u,
  ],
  [
    'a service behind the proxy',
    { bodies: { '*': '<html>' }, headers: { via: '1.1 wakedock' } },
    /^\S+ is where WakeDock takes the requests/u,
  ],
  [
    'a service behind the proxy that speaks JSON',
    { bodies: { '*': '{}' }, headers: { via: '1.1 caddy, 1.1 wakedock' } },
    /^\S+ is where WakeDock takes the requests/u,
  ],
  [
    'a proxy whose daemon is away',
    { bodies: { '*': '<html>Bad Gateway' }, status: 502 },
    /^what answers at \S+ says 502: a proxy, it seems, .*\nSee that the daemon runs, or name its address/u,
  ],
  [
    'a service behind the proxy that is away',
    { bodies: { '*': '<html>' }, status: 503, headers: { via: '1.1 wakedock' } },
    /^\S+ is where WakeDock takes the requests/u,
  ],
  [
    'a daemon that answers otherwise',
    { bodies: { '*': '{}', [OVERVIEW]: '{"version":"0.9.0"}' } },
    /^the daemon at \S+ is WakeDock 0\.9\.0, and this command is 1\.2\.3: .* has to be started again/u,
  ],
  [
    'a daemon of the same version that answers otherwise',
    { bodies: { '*': '{}', [OVERVIEW]: '{"version":"1.2.3"}' } },
    /^the daemon at \S+ speaks another version of the API/u,
  ],
  [
    'a daemon that does not know the path',
    { bodies: { '*': UNKNOWN }, status: 404 },
    /^the daemon at \S+ speaks another version of the API/u,
  ],
]

t.test('a proxy whose daemon is away is asked again by whoever follows', async (t) => {
  const url = await startOther(t, { bodies: { '*': '' }, status: 502 })
  const connection = await connectTo({ options: new Map([['admin', url]]), positionals: [] }, fakeIo())
  t.teardown(() => connection.close())
  const error: unknown = await connection.stream('/', 'text/event-stream').catch((thrown: unknown) => thrown)
  t.ok(isPassing(error))
})

for (const [what, other, said] of OTHERS) {
  t.test(`what answers is ${what}`, async (t) => {
    const url = await startOther(t, other)
    for (const line of [
      'status',
      'status blog',
      'wake blog --wait',
      'logs blog',
      'events',
      'reload --check',
    ]) {
      const { code, out, err } = await run(`${line} --admin ${url}`)
      t.same({ code, out }, { code: 1, out: '' }, line)
      t.match(err.replace('wakedock: ', ''), said, line)
    }
  })
}

t.test('what answers does not speak HTTP', async (t) => {
  const server = createRawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  t.match(await run(`status --admin http://127.0.0.1:${port}`), {
    code: 1,
    err: /is not WakeDock's admin API: it does not speak HTTP\. Name/u,
  })
})

t.test('what answers does not speak TLS', async (t) => {
  const { url } = await startAdmin(t)
  const https = url.replace('http:', 'https:')
  t.same(await run(`status --admin ${https}`), {
    code: 1,
    out: '',
    err: `wakedock: ${https} does not speak TLS: write http:// instead of https://.\n`,
  })
})

t.test('the address is the default, which is told, and who else may be there', async (t) => {
  const address = adminAddress({ options: new Map(), positionals: [] }, { env: {} })
  const refusedThere = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  t.match(
    unreachable(address, refusedThere).message,
    /at http:\/\/127\.0\.0\.1:9090 \(the default\): nothing listens there/u,
  )
  t.match(notOurs(address.base).message, /\(Prometheus, for one, uses the same port/u)
  const socket = adminAddress(
    { options: new Map([['admin', 'unix:///run/w.sock']]), positionals: [] },
    { env: {} },
  )
  t.equal(socket.socketPath, '/run/w.sock')
  const denied = Object.assign(new Error('connect'), { code: 'EACCES' })
  t.match(
    unreachable(socket, denied).message,
    /member of the socket's group \("ls -l \/run\/w\.sock" shows it\), or as root/u,
  )
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
