/**
 * Transparency, judged by somebody else: the tests that Mark Nottingham wrote for HTTP caches (npm: http-cache-tests), run
 * against their server directly and through WakeDock. How many of them pass says nothing, as neither is a cache; that all
 * of them see the same does: methods, statuses, dates, conditional requests, ranges, odd and broken header fields.
 */
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { startDaemon } from '../helpers/daemon.ts'

type Result = true | readonly [kind: string, message: string]

const CLIENT = fileURLToPath(new URL('transparency-run.ts', import.meta.url))
const SERVER = fileURLToPath(import.meta.resolve('http-cache-tests/server/server.mjs'))

/** The package's own server on a free port. It writes a file with its process id to where it is started. */
async function startServer(t: Test): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'wakedock-transparency-'))
  const child = spawn(process.execPath, ['--no-deprecation', SERVER], {
    cwd,
    env: {
      ...process.env,
      npm_config_protocol: 'http',
      npm_config_port: '0',
      npm_config_pidfile: 'server.pid',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  t.teardown(async () => {
    child.kill()
    await ended
    await rm(cwd, { recursive: true, force: true })
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^Listening on .*:(\d+)\/$/.exec(line)?.[1]
    if (port !== undefined) {
      child.stdout.resume()
      return `http://127.0.0.1:${port}`
    }
  }
  throw new Error('the server of http-cache-tests ended before it listened')
}

async function run(base: string): Promise<Map<string, Result>> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-deprecation', CLIENT, base])
  const results: unknown = JSON.parse(stdout)
  return new Map(Object.entries(results as Record<string, Result>))
}

/** A result as text, without what differs between two runs of anything: addresses, ids, times. */
const seen = (result: Result | undefined): string =>
  result === undefined
    ? 'not run'
    : result === true
      ? 'passed'
      : `${result[0]}: ${result[1]}`
          .replaceAll(/http:\/\/[\d.]+:\d+/g, 'BASE')
          .replaceAll(/[\da-f]{8}(?:-[\da-f]{4,}){4}/g, 'ID')
          .replaceAll(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, 'DATE')

/** What may differ, because the test makes its server break HTTP: there is no answer that could be passed on. */
const DIFFER = [
  {
    why: 'the server drops the connection instead of answering: a gateway tries a GET again, and then says 502 (RFC 9110 section 15.6.3)',
    tests: [
      'stale-close',
      'stale-close-must-revalidate',
      'stale-close-no-cache',
      'stale-close-proxy-revalidate',
      'stale-close-s-maxage=2',
      'stale-sie-503',
      'stale-sie-close',
      'stale-warning-become',
      'stale-warning-stored',
    ],
    direct: /^FetchError: .*socket hang up/,
    through: /^(?:Assertion|Setup): Response 2 /,
  },
  {
    why: 'the server sends more than its Content-Length says: what comes after it belongs to no answer, and WakeDock keeps it to itself',
    tests: ['304-etag-update-response-Content-Length', 'headers-store-Content-Length'],
    direct: /^FetchError: .*Parse Error/,
    through: /^Setup: Re(?:quest|sponse) 2 /,
  },
  {
    why: 'the server names a transfer coding that does not exist: nobody can tell where its body ends, and a gateway says so (RFC 9112 section 6.3)',
    tests: ['headers-store-Transfer-Encoding'],
    direct: /^Setup: Response 2 does not come from cache/,
    through: /^Setup: Response 1 status is 502/,
  },
]

t.test('every test of http-cache-tests sees the same through WakeDock as directly', async (t) => {
  const server = await startServer(t)
  const wakedock = await startDaemon(t, {
    config: `services: { tests: { hosts: "127.0.0.1", url: "${server}" } }`,
  })
  const [direct, through] = await Promise.all([run(server), run(`http://127.0.0.1:${wakedock.proxyPort}`)])

  const differ = new Set(DIFFER.flatMap(({ tests }) => tests))
  const same = [...direct.keys()].filter((id) => !differ.has(id))
  t.ok(same.length > 330, `${same.length} of ${direct.size} tests are compared`)
  t.same(new Set(through.keys()), new Set(direct.keys()), 'both runs have run the same tests')
  const differences = same
    .filter((id) => seen(direct.get(id)) !== seen(through.get(id)))
    .map((id) => `${id}: directly ${seen(direct.get(id))}; through WakeDock ${seen(through.get(id))}`)
  t.same(differences, [])

  for (const { why, tests, direct: atFirst, through: afterwards } of DIFFER)
    t.test(why, async (t) => {
      for (const id of tests) {
        t.match(seen(direct.get(id)), atFirst, `${id}, directly`)
        t.match(seen(through.get(id)), afterwards, `${id}, through WakeDock`)
      }
    })
})
