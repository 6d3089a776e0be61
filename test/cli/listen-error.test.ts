/** What is said when an address cannot be listened on. The errors are Node's own, made by really trying. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { whyNoListener } from '../../src/cli/listen-error.ts'

async function failure(options: { host?: string; port?: number; path?: string }): Promise<unknown> {
  const server = createServer()
  const failed = once(server, 'error')
  server.listen(options)
  const [error]: unknown[] = await failed
  return error
}

t.test('a port that is taken is named, with who may have it and what to do', async (t) => {
  const owner = createServer().listen(0, '127.0.0.1')
  t.teardown(() => owner.close())
  await once(owner, 'listening')
  const { port } = owner.address() as AddressInfo
  const said = whyNoListener(await failure({ host: '127.0.0.1', port }))
  t.match(said, `127.0.0.1:${port} is in use by another program, perhaps another WakeDock. End it`)
  t.match(said, /change listen or admin\.listen/)
})

const CASES: readonly (readonly [title: string, options: Parameters<typeof failure>[0], said: RegExp])[] = [
  [
    'an address of another machine',
    { host: '192.0.2.1', port: 80 },
    /^192\.0\.2\.1:80 is no address of this/,
  ],
  [
    'an IPv6 address of another machine',
    { host: '2001:db8::1', port: 80 },
    /^\[2001:db8::1\]:80 is no address/,
  ],
  [
    'a socket in no folder',
    { path: '/no/such/folder/x.sock' },
    /^\/no\/such\/folder\/x\.sock may not be opened/,
  ],
]
for (const [title, options, said] of CASES)
  t.test(title, async (t) => {
    t.match(whyNoListener(await failure(options)), said)
  })

t.test('a name that is not known', (t) => {
  const error = Object.assign(new Error('getaddrinfo ENOTFOUND nas'), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname: 'nas',
  })
  t.match(whyNoListener(error), /^nas is no host that is known here\. Correct the host/)
  t.end()
})

t.test('any other error is not explained away', (t) => {
  for (const error of [
    new Error('x'),
    'EADDRINUSE',
    Object.assign(new Error('x'), { code: 'EADDRINUSE', syscall: 'connect' }),
    Object.assign(new Error('x'), { code: 'EOTHER', syscall: 'listen' }),
  ])
    t.equal(whyNoListener(error), null)
  t.end()
})
