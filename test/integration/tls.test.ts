/**
 * https upstreams through a whole WakeDock: an authority that is replaced takes effect at a reload, without a restart, and a
 * certificate that nobody checks is said at every start and reload.
 */
import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { createServer } from 'node:https'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { createAuthority } from '../helpers/certificates.ts'
import { startDaemon, type Daemon } from '../helpers/daemon.ts'
import { folder, programSkip } from '../helpers/programs.ts'

const skip = programSkip('openssl')

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
