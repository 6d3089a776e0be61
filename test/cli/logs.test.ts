/** `wakedock logs` against a real admin server: where lines go, in which form, and what is said when there are none. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import t from 'tap'
import type { Insight, LogLine } from '../../src/domain/ports.ts'
import { TargetError } from '../../src/errors.ts'
import { startAdmin } from '../helpers/admin.ts'
import { run } from '../helpers/cli.ts'
import { FakeControl, NOW, snapshot } from '../helpers/fake-control.ts'
import { service } from '../helpers/service.ts'
import { containerTarget } from '../provider/outside.ts'

const LINES: LogLine[] = [
  { at: NOW, stream: 'stdout', text: 'hello' },
  { at: null, stream: 'stderr', text: 'oops' },
]

function saying(...lines: LogLine[]) {
  const asked: string[] = []
  const insight: Pick<Insight, 'logs'> = {
    async *logs(target, { tail, follow }) {
      asked.push(`${target.key} ${tail} ${follow}`)
      yield* lines
    },
  }
  return { asked, insight }
}

t.test('lines go where the service has written them', async (t) => {
  const { asked, insight } = saying(...LINES)
  const { url } = await startAdmin(t, { insight })
  t.same(await run(`logs blog --admin ${url}`), { code: 0, out: 'hello\n', err: 'oops\n' })
  t.same(await run(`logs blog --tail 7 --timestamps --admin ${url}`), {
    code: 0,
    out: '2026-11-21T10:00:00.000Z hello\n',
    err: '- oops\n',
  })
  t.same(await run(`logs blog --json --admin ${url}`), {
    code: 0,
    out: '{"at":"2026-11-21T10:00:00.000Z","stream":"stdout","text":"hello"}\n{"at":null,"stream":"stderr","text":"oops"}\n',
    err: '',
  })
  t.strictSame(asked, ['container:blog 100 false', 'container:blog 7 false', 'container:blog 100 false'])
})

t.test('of a stack, the part', async (t) => {
  const parts = [
    {
      name: 'blog/db',
      target: containerTarget('db'),
      state: 'awake' as const,
      since: NOW,
      health: null,
      failure: null,
    },
  ]
  const target = { kind: 'group' as const, key: 'containers:blog', name: 'db', main: 'container:db' }
  const control = new FakeControl(snapshot('blog', { parts, service: service('blog', { target }) }))
  const { url } = await startAdmin(t, { ...saying(...LINES), control })
  t.same(await run(`logs blog --admin ${url}`), { code: 0, out: 'db | hello\n', err: 'db | oops\n' })
  t.match(await run(`logs blog --json --admin ${url}`), { out: /"text":"hello","part":"blog\/db"\}/ })
})

t.test('a log that is followed ends only when the daemon ends it, and that is told', async (t) => {
  const { asked, insight } = saying(...LINES)
  const { url } = await startAdmin(t, { insight })
  const line = `logs blog --follow --tail 0 --admin ${url}`
  const told = 'oops\nwakedock: the daemon has ended the log\n'
  t.same(await run(line), { code: 1, out: 'hello\n', err: told })
  const asleep = 'wakedock: blog is asleep; what it prints when it wakes comes here\n'
  t.same(await run(line, { isTTY: true }), { code: 1, out: 'hello\n', err: asleep + told })
  t.equal(asked[0], 'container:blog 0 true')
})

t.test('nothing was printed: what to do', async (t) => {
  const control = new FakeControl(snapshot('blog'), snapshot('shop', { state: 'awake' }))
  const { url } = await startAdmin(t, { ...saying(), control })
  t.same(await run(`logs blog --admin ${url}`), {
    code: 0,
    out: '',
    err: 'wakedock: blog has printed nothing. If it has never run, start it with: wakedock wake blog\n',
  })
  t.match(await run(`logs shop --admin ${url}`), { code: 0, err: 'wakedock: shop has printed nothing yet\n' })
  t.same(await run(`logs blog --tail 0 --admin ${url}`), { code: 0, out: '', err: '' })
  t.same(await run(`logs blog --json --admin ${url}`), { code: 0, out: '', err: '' })
})

t.test('on a terminal colours pass, and nothing else that acts', async (t) => {
  const text = '\u001B[31mred\u001B[0m\tand\u001B]0;title\u0007 more\u001B[2J\r\u0008.'
  const { url } = await startAdmin(t, saying({ at: NOW, stream: 'stdout', text }))
  const line = `logs blog --admin ${url}`
  t.equal((await run(line)).out, `${text}\n`, 'a pipe gets what was printed')
  t.equal((await run(line, { isTTY: true })).out, '\u001B[31mred\u001B[0m\tand more.\n')
  t.equal((await run(line, { isTTY: true, env: { NO_COLOR: '1' } })).out, 'red\tand more.\n')
})

t.test('what is wrong, and what to do', async (t) => {
  const insight: Pick<Insight, 'logs'> = {
    async *logs() {
      yield* LINES
      throw new TargetError('unreachable', 'Docker does not answer', 'Start it.')
    },
  }
  const { url } = await startAdmin(t, { insight })
  t.match(await run(`logs blog --admin ${url}`), { code: 1, err: /^oops\nwakedock: the log broke off/ })
  t.match(await run(`logs blgo --admin ${url}`), { code: 1, err: /"blgo"; did you mean blog\?/ })
  t.match(await run(`logs blog --tail all --admin ${url}`), { code: 2, err: /--tail takes a number/ })
  t.match(await run('logs'), { code: 2, err: /needs the name of a service/ })

  const refused: Pick<Insight, 'logs'> = {
    logs: () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new TargetError('missing', 'there is no container', 'Create it.')),
      }),
    }),
  }
  const other = await startAdmin(t, { insight: refused })
  t.same(await run(`logs blog --admin ${other.url}`), {
    code: 1,
    out: '',
    err: 'wakedock: there is no container. Create it.\n',
  })
})

t.test('a program that is not WakeDock', async (t) => {
  const server = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  t.match(await run(`logs blog --admin http://127.0.0.1:${port}`), {
    code: 1,
    err: /is not WakeDock's admin API|another version of the API/,
  })
})
