/** The composition root in one process: what the end of the daemon refuses, and what the admin API tells of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadConfigText, type LoadResult } from '../src/config/load.ts'
import { startDaemon } from '../src/daemon.ts'
import { createLogger } from '../src/log.ts'

interface Scope {
  teardown(callback: () => unknown): void
}

/** A daemon whose config file is read when the test says so. `admin`: what its first config says of that. */
async function daemon(t: Scope, admin?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-daemon-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const config = (service: string, section = '{ listen: "127.0.0.1:0" }'): Promise<LoadResult> =>
    loadConfigText(
      `listen: "127.0.0.1:0"
admin: ${section}
services: { ${service}: { hosts: ${service}.example.com, url: "http://127.0.0.1:9", drain_timeout: 0s } }`,
      join(folder, 'wakedock.yaml'),
      {},
    )
  /** The reads of the file under way, in the order they were begun. */
  const reads: ((result: LoadResult) => void)[] = []
  const first = await config('first', admin)
  if (!first.ok) throw new Error(first.faults[0]?.message)
  const log = await createLogger({
    level: 'info',
    format: 'json',
    tty: false,
    color: false,
    destination: { write: () => undefined },
  })
  const running = await startDaemon({
    settings: first.settings,
    text: first.text,
    warnings: first.warnings,
    log,
    version: '1.2.3',
    env: {},
    load: () => new Promise((resolve) => reads.push(resolve)),
  })
  return { running, config, reads }
}

t.test('a reload during the shutdown changes nothing', async (t) => {
  const { running, config, reads } = await daemon(t)
  const reload = running.reload('the admin API')
  await new Promise(setImmediate)
  const closed = running.close()
  reads[0]?.(await config('late'))
  t.match(await reload, { ok: false, faults: [/shutting down/] })
  await closed
})

t.test('a validation foresees what only a running WakeDock refuses', async (t) => {
  const secret = 'a-secret-of-sixteen-letters'
  const open = `{ listen: "0.0.0.0:0", tokens: [{ name: ops, token: ${secret}, scope: operate }] }`
  const { running, config, reads } = await daemon(t, open)
  const { port } = new URL(running.addresses.admin)
  const validation = fetch(`http://127.0.0.1:${port}/api/v1/config/validate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
  })
  while (reads.length === 0) await new Promise(setImmediate)
  // Sound in itself; but what is listened on now is what it was.
  reads.shift()?.(await config('second'))
  const foreseen: unknown = await (await validation).json()
  t.match(foreseen, { ok: false, faults: [/^admin.listen is reachable from other machines/] })
  const reload = running.reload('a test')
  reads.shift()?.(await config('second'))
  t.match(await reload, foreseen, 'and says the same')
  await running.close()
})

t.test('what becomes of the config is told over the admin API', async (t) => {
  const { running, config, reads } = await daemon(t)
  const api = `${running.addresses.admin}/api/v1`
  const ask = async (path: string, method = 'GET'): Promise<unknown> =>
    (await fetch(`${api}${path}`, { method })).json()
  t.match(await ask('/config'), { refused: null, config: { services: { first: { drain_timeout: '0s' } } } })
  t.match(await ask('/services/first/history'), { states: [{ state: 'awake' }], estimate_ms: null })
  t.match(await ask('/system/overview'), {
    scope: 'operate',
    providers: [],
    services: { total: 1, awake: 1 },
    config: { refused: null },
  })

  const validation = ask('/config/validate', 'POST')
  while (reads.length === 0) await new Promise(setImmediate)
  reads.shift()?.(await config('second'))
  t.match(await validation, { ok: true, changes: ['second added', 'first removed'] })
  t.match(await ask('/services'), { services: [{ name: 'first' }] }, 'that changes nothing')

  const refused = running.reload('a test')
  const fault = { file: 'a.yaml', line: 1, column: 1, path: 'x', message: 'is wrong' }
  reads.shift()?.({ ok: false, faults: [fault] })
  await refused
  t.match(await ask('/config'), { refused: { faults: ['a.yaml:1:1 x is wrong'] } })
  const taken = running.reload('a test')
  reads.shift()?.(await config('second'))
  await taken
  t.match(await ask('/config'), { refused: null, config: { services: { second: {} } } })

  const host = async (name: string): Promise<number> =>
    (await fetch(`${api}/caddy/ask?domain=${name}.example.com`)).status
  t.strictSame([await host('first'), await host('second')], [404, 200])
  const stream = await fetch(`${api}/events?replay=true`)
  await running.close()
  const told = [...(await stream.text()).matchAll(/^event: (.+)$/gm)].map(([, type]) => type)
  t.strictSame(told, ['service_added', 'reload_refused', 'service_removed', 'service_added', 'reloaded'])
})
