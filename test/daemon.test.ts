/** The composition root in one process: what the end of the daemon refuses. */
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

/** A daemon whose config file is read when the test says so. */
async function daemon(t: Scope) {
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-daemon-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const config = (service: string): Promise<LoadResult> =>
    loadConfigText(
      `listen: "127.0.0.1:0"
admin: { listen: "127.0.0.1:0" }
services: { ${service}: { hosts: ${service}.example.com, url: "http://127.0.0.1:9", drain_timeout: 0s } }`,
      join(folder, 'wakedock.yaml'),
      {},
    )
  /** The reads of the file under way, in the order they were begun. */
  const reads: ((result: LoadResult) => void)[] = []
  const first = await config('first')
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
