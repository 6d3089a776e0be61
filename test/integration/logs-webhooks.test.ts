/** A whole WakeDock with a local process: its log through the API and the command, and its webhooks. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { sign } from '../../src/webhook/signature.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { openReceiver } from '../webhook/receiver.ts'

const APP = fileURLToPath(new URL('../helpers/app.ts', import.meta.url))
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const SECRET = 'a secret of sixteen letters'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

t.test('who is told is told, and what is printed can be read', async (t) => {
  const receiver = await openReceiver(t)
  const config = `webhooks: [{ url: "${receiver.url}", secret: "\${HOOK_SECRET}" }]
services:
  blog:
    hosts: blog.test
    process: { command: ["${process.execPath}", "${APP}"] }
    port: ${await freePort()}
`
  const daemon = await startDaemon(t, { config, env: { HOOK_SECRET: SECRET } })
  const cli = (...args: string[]) => {
    const child = spawn(process.execPath, [MAIN, 'logs', 'blog', ...args], {
      env: { ...process.env, WAKEDOCK_ADMIN: daemon.admin },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const done = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { child, done }
  }
  t.match(await cli().done, ['', /blog has printed nothing\. .* wakedock wake blog\n$/, [0]])

  // Opened while it sleeps, it hears of what it prints when it wakes.
  const followed = await fetch(`${daemon.admin}/api/v1/services/blog/logs?follow=true`)
  const reader = followed.body?.getReader()
  const order = async (verb: string) =>
    t.equal(
      (await fetch(`${daemon.admin}/api/v1/services/blog/${verb}?wait=true`, { method: 'POST' })).status,
      200,
    )
  await order('wake')
  t.match(Buffer.from((await reader?.read())?.value ?? []).toString(), /^\{"listening"/)

  await receiver.has(1)
  const [woke] = receiver.received
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = woke?.headers ?? {}
  t.equal(signature, sign(SECRET, String(id), Number(time), woke?.body ?? ''))
  t.match(JSON.parse(woke?.body ?? ''), {
    type: 'woke',
    service: 'blog',
    trigger: 'operator',
    start_ms: Number,
  })

  await order('sleep')
  await receiver.has(2)
  t.match(await cli('--tail', '1').done, [/^\{"listening".*\n$/, '', [0]], 'kept while it sleeps')
  await daemon.rewrite(config.replace('hosts: blog.test', 'hostz: blog.test'))
  await receiver.has(3)
  t.strictSame(receiver.types(), ['woke', 'slept', 'reload_refused'])
  t.match(JSON.parse(receiver.received[2]?.body ?? ''), { faults: [/hostz is not an option/] })

  const metrics = await (await fetch(`${daemon.admin}/metrics`)).text()
  t.match(metrics, /^wakedock_webhooks_total\{outcome="delivered"\} 3$/m)

  const interrupted = cli('--follow')
  const told = cli('--follow')
  await Promise.all([interrupted, told].map(({ child }) => once(child.stdout, 'data')))
  interrupted.child.kill('SIGINT')
  t.match(
    await interrupted.done,
    [/^\{"listening"/, '', [null, 'SIGINT']],
    'Ctrl-C is no error to talk about',
  )
  await daemon.end()
  t.match(await told.done, [/^\{"listening"/, 'wakedock: the daemon has ended the log\n', [1]])
  await reader?.cancel()
  t.notMatch(JSON.stringify(daemon.log), SECRET)
})
