/**
 * https upstreams through a whole WakeDock, one of them a container behind Caddy: an authority that is replaced takes effect at a
 * reload, without a restart, and a certificate that nobody checks is said at every start and reload.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { createServer } from 'node:https'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { createAuthority } from '../helpers/certificates.ts'
import { startDaemon, type Daemon } from '../helpers/daemon.ts'
import { dockerSkip, openDocker } from '../helpers/docker.ts'
import { folder, programSkip } from '../helpers/programs.ts'
import { exchange, startCaddy } from './caddy.ts'

const skip = programSkip('openssl')
const skipAll = programSkip('openssl', 'caddy') || dockerSkip()

async function ask({ proxyPort: port }: Daemon): Promise<{ status: number | undefined; body: string }> {
  const request = get({ host: '127.0.0.1', port, headers: { host: 'nas.example.com' } })
  const [answer] = await once(request, 'response')
  return { status: answer.statusCode, body: await text(answer) }
}

t.test('a CA file that was replaced takes effect at a reload', { skip }, async (t) => {
  const [before, after] = [await createAuthority(t), await createAuthority(t)]
  const server = createServer(await after.issue('DNS:nas.lan'), (_req, res) => res.end('from the nas'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const config = (tls: string): string =>
    `services: { nas: { hosts: nas.example.com, url: "https://127.0.0.1:${port}", tls: { server_name: nas.lan, ${tls} } } }`

  const home = await folder(t)
  await writeFile(join(home, 'ca.pem'), before.pem)
  const wakedock = await startDaemon(t, { config: config('ca_file: ca.pem'), folder: home })
  t.match(await ask(wakedock), { status: 502, body: /WAKEDOCK_UPSTREAM_UNREACHABLE/ })
  t.match(await wakedock.service('nas'), { tls: 'verified' })
  const failure = await wakedock.logged('why', ({ event }) => event === 'upstream_failed')
  t.match(failure, { level: 'warn', service: 'nas', reason: 'tls', address: `https://127.0.0.1:${port}` })
  t.match(failure.msg, /has no certificate that is accepted here \(.+\)\. .*`tls: \{ ca_file: … \}`/)

  /** After so many signals; the file that changes is read whenever it is seen to. */
  const signalled = (count: number) =>
    wakedock.logged('the reload', () => {
      const reloads = wakedock.log.filter(({ event, trigger }) => event === 'reload' && trigger === 'SIGHUP')
      return reloads.length >= count
    })
  await writeFile(join(home, 'new.pem'), after.pem)
  await rename(join(home, 'new.pem'), join(dirname(wakedock.configFile), 'ca.pem'))
  t.match(await ask(wakedock), { status: 502 }, 'not before')
  wakedock.process.kill('SIGHUP')
  await signalled(1)
  t.same(await ask(wakedock), { status: 200, body: 'from the nas' })

  await writeFile(join(home, 'ca.pem'), 'no certificate')
  wakedock.process.kill('SIGHUP')
  await signalled(2)
  t.ok(
    wakedock.log.some(({ msg }) => /services\.nas\.tls\.ca_file holds no certificate/.test(msg)),
    'said, with its place',
  )
  t.match(await ask(wakedock), { status: 200 }, 'and nothing has changed')

  await wakedock.rewrite(config('insecure_skip_verify: true'))
  const loud = /nas\.tls\.insecure_skip_verify is on: nobody checks/
  const warnings = () => wakedock.log.filter(({ level, msg }) => level === 'warn' && loud.test(msg)).length
  await wakedock.logged('the reload', ({ event, changed }) => {
    return event === 'reload' && String(changed) === 'nas changed' && warnings() > 0
  })
  t.match(await ask(wakedock), { status: 200 })
  t.match(await wakedock.service('nas'), { tls: 'unverified' })
  const said = warnings()
  wakedock.process.kill('SIGHUP')
  await signalled(3)
  t.ok(warnings() > said, 'said again, at every reload')
})

/** Answers with the request's body, and with what was asked for in the handshake. */
const NAS = `require('node:https').createServer({ cert: process.env.CERT, key: process.env.KEY }, (req, res) => {
  res.setHeader('x-sni', req.socket.servername)
  res.setHeader('x-forwarded', req.headers['x-forwarded-for'] ?? '')
  req.pipe(res)
}).listen(8443)
process.on('SIGTERM', () => process.exit())`

t.test('Caddy, WakeDock, and a container that speaks TLS only', { skip: skipAll }, async (t) => {
  const docker = await openDocker(t)
  const authority = await createAuthority(t)
  const { cert, key } = await authority.issue('DNS:nas.lan')
  await docker.create('nas', {
    env: { CERT: cert, KEY: key },
    expose: [8443],
    config: { Entrypoint: ['/usr/local/bin/node', '-e', NAS] },
  })
  const home = await folder(t)
  await writeFile(join(home, 'ca.pem'), authority.pem)
  const wakedock = await startDaemon(t, {
    folder: home,
    config: `docker: { host: "${docker.host}" }
services:
  nas:
    hosts: nas.localhost
    container: ${docker.name('nas')}
    scheme: https
    tls: { ca_file: ca.pem, server_name: nas.lan }`,
  })
  const client = await (await startCaddy(t, wakedock.proxy, ['nas'])).session('nas.localhost')
  const body = randomBytes(300_000)
  const cold = await exchange(client, '/', { method: 'POST', body })
  t.match(cold, { status: 200, headers: { 'x-sni': 'nas.lan', 'server-timing': /^wake;dur=\d/u } })
  t.ok(cold.body.equals(body), 'its bytes, both ways')
  const warm = await exchange(client, '/', { method: 'POST', body })
  t.match(warm, { status: 200, headers: { 'x-forwarded': /^127\.0\.0\.2, / } })
  t.notOk('server-timing' in warm.headers)
  t.match(await wakedock.service('nas'), { state: 'awake', tls: 'verified' })
})
