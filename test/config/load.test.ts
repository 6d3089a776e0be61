/** What a config without faults becomes: defaults, merging, units, names and paths. The faults are in fixtures.test.ts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { Service } from '../../src/domain/service.ts'
import { formatFault, loadConfig, loadConfigText } from '../../src/config/load.ts'
import { type Settings } from '../../src/config/settings.ts'

const FILE = '/etc/wakedock/wakedock.yaml'

async function settings(text: string, env: Record<string, string> = {}): Promise<Settings> {
  const result = await loadConfigText(text, FILE, env)
  if (!result.ok) throw new Error(result.faults.map(formatFault).join('\n'))
  return result.settings
}

/** The service `blog` with these further lines, after `head`. */
async function blog(lines: string, head = ''): Promise<Service> {
  const text = `${head}\nservices:\n  blog:\n    hosts: blog.example.com\n${lines.replaceAll(/^/gm, '    ')}\n`
  const [service] = (await settings(text)).services
  if (!service) throw new Error('no service')
  return service
}

t.test('the smallest file has the documented defaults', async (t) => {
  t.strictSame(await settings('services:\n  blog:\n    hosts: blog.example.com\n    container: ghost\n'), {
    file: FILE,
    listen: [{ kind: 'tcp', host: '::', port: 8080 }],
    trustedProxies: ['192.168.0.0/16', '172.16.0.0/12', '10.0.0.0/8', '127.0.0.1/8', 'fd00::/8', '::1'],
    admin: { listen: { kind: 'tcp', host: '127.0.0.1', port: 9090 }, tokens: [] },
    limits: { heldRequests: 10_000, heldBodyMemory: 64 * 1024 * 1024 },
    log: { level: 'info', format: 'auto', access: false },
    docker: { host: 'unix:///var/run/docker.sock', network: null },
    services: [
      {
        name: 'blog',
        routes: [{ host: 'blog.example.com', path: '/', stripPrefix: false }],
        target: {
          kind: 'container',
          key: 'container:ghost',
          name: 'ghost',
          port: null,
          scheme: 'http',
          addressed: true,
        },
        part: false,
        needs: [],
        ready: {
          kind: 'http',
          path: '/',
          status: [100, 499],
          timeout: 1000,
          host: 'blog.example.com',
          health: false,
        },
        idleTimeout: 900_000,
        streamIdleTimeout: 0,
        minAwake: 30_000,
        startTimeout: 60_000,
        holdTimeout: 60_000,
        stopTimeout: 10_000,
        sleepMode: 'stop',
        drainTimeout: 30_000,
        maxHeld: 1000,
        waiting: { page: 'auto', holdFirst: 2000, title: null, theme: 'auto' },
        ignore: null,
        schedule: null,
        busy: null,
      },
    ],
    webhooks: [],
    compose: [],
    labelled: null,
  })
})

t.test('what the file says of the daemon', async (t) => {
  const text = `
listen: ["127.0.0.1:0", "[::1]:80", "unix:/run/wakedock.sock"]
trusted_proxies: [10.0.0.0/8, private_ranges]
admin: { listen: "unix:/run/admin.sock" }
limits: { held_requests: 5, held_body_memory: 1MB }
log: { level: debug, format: json, access: true }
docker: { host: "tcp://127.0.0.1:2375", network: caddy, labels: true }
defaults: { idle_timeout: 5m }
services:
`
  const { services, labelled, ...rest } = await settings(text, { DOCKER_HOST: 'unix:///elsewhere.sock' })
  t.strictSame(services, [])
  t.same(labelled, { defaults: { idle_timeout: '5m' }, authorities: new Map() })
  t.strictSame(rest, {
    file: FILE,
    listen: [
      { kind: 'tcp', host: '127.0.0.1', port: 0 },
      { kind: 'tcp', host: '::1', port: 80 },
      { kind: 'unix', path: '/run/wakedock.sock' },
    ],
    trustedProxies: ['10.0.0.0/8', '192.168.0.0/16', '172.16.0.0/12', '127.0.0.1/8', 'fd00::/8', '::1'],
    admin: { listen: { kind: 'unix', path: '/run/admin.sock' }, tokens: [] },
    limits: { heldRequests: 5, heldBodyMemory: 1_000_000 },
    log: { level: 'debug', format: 'json', access: true },
    docker: { host: 'tcp://127.0.0.1:2375', network: 'caddy' },
    webhooks: [],
    compose: [],
  })
})

t.test('DOCKER_HOST is honoured where the file names no engine', async (t) => {
  const { docker } = await settings('services: {}', { DOCKER_HOST: 'tcp://127.0.0.1:2375' })
  t.equal(docker.host, 'tcp://127.0.0.1:2375')
  t.equal((await settings('services: {}', { DOCKER_HOST: '' })).docker.host, 'unix:///var/run/docker.sock')
})

t.test('defaults hold for every service that does not say otherwise', async (t) => {
  const head = 'defaults: { idle_timeout: 5m, port: 80, strip_prefix: true, max_held: 7, start_timeout: 20s }'
  const service = await blog('container: ghost\nidle_timeout: 1m\nmin_awake: 0', head)
  t.match(service, {
    idleTimeout: 60_000,
    minAwake: 0,
    maxHeld: 7,
    startTimeout: 20_000,
    holdTimeout: 20_000,
  })
  t.match(service.target, { port: 80 })
  t.equal(service.routes[0]?.stripPrefix, true)
})

t.test('hold_timeout is start_timeout unless it is set', async (t) => {
  t.equal((await blog('container: ghost\nstart_timeout: 5s')).holdTimeout, 5000)
  t.equal((await blog('container: ghost\nhold_timeout: null\nstart_timeout: 5s')).holdTimeout, 5000)
  t.equal((await blog('container: ghost\nhold_timeout: 3s')).holdTimeout, 3000)
  t.equal(
    (await blog('container: ghost\nhold_timeout: null', 'defaults: { hold_timeout: 4s }')).holdTimeout,
    60_000,
  )
})

t.test(
  'a value of the environment is text that cannot change the file, or has the type of its place',
  async (t) => {
    const text = `
log: { access: "\${ACCESS}" }
services:
  blog:
    hosts: blog.example.com
    process: { command: [echo, "\${TEXT}", "$$5 and $6", "\${NONE:-fallback}"], env: { DIGITS: "\${PORT}" } }
    port: \${PORT}
`
    const env = { ACCESS: 'true', PORT: '3001', TEXT: 'a: [b] # "c"\n  d: e' }
    const { log, services } = await settings(text, env)
    t.equal(log.access, true)
    t.match(services[0]?.target, { port: 3001, env: { DIGITS: '3001' } })
    t.match(services[0]?.target, { command: ['echo', env.TEXT, '$5 and $6', 'fallback'] })
  },
)

t.test('a file is read from the disk, with the token files beside it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const file = join(folder, 'wakedock.yaml')
  await writeFile(
    file,
    'admin: { tokens: [{ name: ops, token_file: token, scope: operate }] }\nservices: {}\n',
  )
  await writeFile(join(folder, 'token'), '0123456789abcdef\n')
  const result = await loadConfig(file, {})
  t.ok(result.ok)
  if (!result.ok) return
  const [token] = result.settings.admin.tokens
  t.equal(result.settings.file, file)
  t.equal(token?.token.reveal(), '0123456789abcdef')
  t.match(token, { name: 'ops', scope: 'operate' })
})

t.test('a file that is not there is a fault, not an exception', async (t) => {
  const result = await loadConfig('/nowhere/wakedock.yaml', {})
  t.notOk(result.ok)
  if (result.ok) return
  t.strictSame(result.faults.map(formatFault), [
    '/nowhere/wakedock.yaml the config file cannot be read (ENOENT); there is no such file: check its path',
  ])
})

t.test('a folder is a fault too, and so is text that is not UTF-8, with its line', async (t) => {
  const folder = t.testdir({ 'wakedock.yaml': '' })
  const file = join(folder, 'wakedock.yaml')
  const faults = async (path: string): Promise<string[]> => {
    const result = await loadConfig(path, {})
    return result.ok ? [] : result.faults.map((fault) => formatFault(fault).replace(`${folder}/`, ''))
  }
  t.match(await faults(folder), [/cannot be read \(EISDIR\); it is a folder: name the file in it$/])
  const refused = 'the file is not UTF-8 text; save it as UTF-8'
  const texts: readonly (readonly [content: Buffer, line: number])[] = [
    [Buffer.from('# é\nservices:\n  café: {}\n', 'latin1'), 1],
    [Buffer.from('services:\n  café: {}\n', 'latin1'), 2],
    [Buffer.from('services:\n  café', 'latin1'), 2],
    [Buffer.from('\uFEFFservices:\n', 'utf16le'), 1],
  ]
  for (const [content, line] of texts) {
    await writeFile(file, content)
    t.strictSame(await faults(file), [`wakedock.yaml:${line}:1 ${refused}`])
  }
})

t.test('any text is loaded or refused with places inside it, and never throws', async () => {
  const word = fc.constantFrom(
    'services:',
    'hosts:',
    'container:',
    'ready:',
    'a',
    '&a',
    '*a',
    '<<:',
    '!x',
    '${A}',
    '${',
    '0',
    '-5',
    'null',

    '\n',
    '\n  ',
    '\n    ',
    ' ',
    '- ',
    ': ',
    '[',
    ']',
    '{',
    '}',
    '"',
    '|',
    '---',
    '#',
    '\t',
    '__proto__:',
    '? ',
  )
  const yaml = fc.array(word, { maxLength: 25 }).map((words) => words.join(' '))
  const structured = fc.object({
    key: fc.constantFrom('services', 'a', 'hosts', 'ready', 'url', 'admin', 'tokens'),
  })
  const text = fc.oneof(
    yaml,
    fc.string(),
    structured.map((value) => JSON.stringify(value)),
  )
  await fc.assert(
    fc.asyncProperty(text, async (source) => {
      const result = await loadConfigText(source, FILE, { A: 'x' })
      const faults = result.ok ? result.warnings : result.faults
      const lines = source.split(/\r\n|\n|\r/).length
      return (
        (result.ok || faults.length > 0) &&
        faults.every(({ line, column, message }) => line >= 1 && line <= lines + 1 && column >= 1 && message)
      )
    }),
    { numRuns: 500 },
  )
})
