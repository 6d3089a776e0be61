/** What a local process inherits of WakeDock's environment: everything but WakeDock's own settings and secrets. */
import { get } from 'node:http'
import t from 'tap'
import { startDaemon, type Daemon } from '../helpers/daemon.ts'
import { freePort } from '../helpers/programs.ts'

const SECRETS = { FIRST: 'first-secret-of-16', SECOND: 'second-secret-of-16' }
/** Those of a webhook. */
const HOOK = { HOOK_URL: 'http://127.0.0.1:9/secret-path', HOOK_KEY: 'hook-secret-of-16' }
const SCRIPT =
  'console.log(process.env.FIRST, process.env.SECOND, process.env.HOOK_URL, process.env.HOOK_KEY, process.env.WAKEDOCK_X, process.env.KEPT); process.exit(1)'

/** Wakes the service, whose process prints and ends: the line it printed. */
async function printed(daemon: Daemon): Promise<string> {
  const before = daemon.log.length
  get({ host: '127.0.0.1', port: daemon.proxyPort, headers: { host: 'app.test' } }).on(
    'error',
    () => undefined,
  )
  const line = await daemon.logged(
    'what the process prints',
    (each) => each.event === 'output' && daemon.log.indexOf(each) >= before,
  )
  return line.msg
}

t.test('a local process inherits no secret, the one of a reload included', async (t) => {
  const port = await freePort()
  const config = (token: string): string => `admin:
  listen: "127.0.0.1:0"
  tokens: [{ name: ops, token: "\${${token}}", scope: operate }]
webhooks: [{ url: "\${HOOK_URL}", secret: "\${HOOK_KEY}", events: slept }]
services:
  app: { hosts: app.test, process: { command: [${process.execPath}, -e, "${SCRIPT}"], env: { N: ${token} } }, port: ${port} }
`
  const env = { ...SECRETS, ...HOOK, WAKEDOCK_X: 'own', KEPT: 'kept' }
  const daemon = await startDaemon(t, { config: config('FIRST'), env })
  t.equal(await printed(daemon), `app: undefined ${SECRETS.SECOND} undefined undefined undefined kept`)
  // Another definition is another process: no backoff of the first one's failed wake stands in its way.
  await daemon.rewrite(config('SECOND'))
  await daemon.logged('the reload', ({ event }) => event === 'reload')
  t.equal(await printed(daemon), `app: ${SECRETS.FIRST} undefined undefined undefined undefined kept`)
})
