/**
 * The shape of the house: which part may import which, and which library lives where. An arrow that is not in these
 * tables fails; so does a file that belongs to no part. Every file is also imported, so that one without a test shows
 * in the coverage.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('..', import.meta.url))

/** part → parts it may import. A part is a folder of src/, or a file beside them. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  duration: [],
  'node-http': [],
  domain: ['errors'],
  clock: ['domain'],
  config: ['domain', 'errors', 'duration'],
  // Adapters: they know the core, and of the config only what it has made (its types); never each other.
  provider: ['domain', 'errors', 'node-http'],
  probe: ['domain', 'errors'],
  proxy: ['domain', 'errors', 'config', 'node-http', 'memory'],
  admin: ['domain', 'errors', 'config', 'duration', 'node-http'],
  webhook: ['domain', 'config', 'duration'],
  // Runs in browsers, which get its files as they are: of admin only the types of what the API answers.
  dashboard: ['admin'],
  log: ['domain', 'errors', 'duration'],
  metrics: ['domain', 'errors'],
  reload: ['config', 'domain'],
  memory: [],
  // Of admin only the types of what the API answers.
  cli: ['admin', 'config', 'errors', 'log', 'duration'],
  daemon: [
    'admin',
    'cli',
    'clock',
    'config',
    'domain',
    'log',
    'metrics',
    'probe',
    'provider',
    'proxy',
    'reload',
    'webhook',
  ],
  main: ['cli', 'daemon', 'memory'],
}

/** package → the only places that may import it. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  dockerode: ['src/provider/docker/'],
  'http-proxy-3': ['src/proxy/upgrade.ts'],
  'lru-cache': ['src/domain/route-table.ts', 'src/admin/'],
  'prom-client': ['src/metrics.ts', 'src/metrics-series.ts'],
  ajv: ['src/config/'],
  yaml: ['src/config/'],
  typebox: ['src/config/', 'src/admin/'],
  pino: ['src/log.ts'],
  'pino-pretty': ['src/log.ts'],
  fastify: ['src/admin/'],
  '@fastify/ajv-compiler': ['src/admin/lazy-schemas.ts'],
  '@fastify/fast-json-stringify-compiler': ['src/admin/lazy-schemas.ts'],
  'ipaddr.js': ['src/config/', 'src/proxy/peers.ts'],
  undici: ['src/proxy/', 'src/probe/', 'src/webhook/', 'src/cli/connection.ts'],
  'string-width': ['src/cli/text-width.ts'],
  preact: ['src/dashboard/'],
}

const files = globSync('src/**/*.ts', { cwd: root })
  .filter((file) => !file.endsWith('.d.ts'))
  .toSorted()

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|import\('([^']+)'\)/gm,
  )
  return [...found].map(([, type, named, bare, dynamic]) => ({
    from: file,
    to: named ?? bare ?? dynamic ?? '',
    typeOnly: type !== undefined,
  }))
}

const imports = files.flatMap(importsOf)

/** src/log-sentences.ts belongs to the part `log`. */
function partOf(file: string): string {
  const [, first = '', ...rest] = file.split('/')
  if (rest.length > 0) return first
  const name = first.replace(/\.ts$/, '')
  return Object.keys(ARROWS).find((part) => name === part || name.startsWith(`${part}-`)) ?? name
}

t.test('every file belongs to a part', async (t) => {
  for (const file of files) t.hasProp(ARROWS, partOf(file), file)
})

t.test('arrows only point where the table says', async (t) => {
  for (const { from, to } of imports) {
    if (!to.startsWith('.')) continue
    const target = normalize(join(dirname(from), to))
    const [a, b] = [partOf(from), partOf(target)]
    if (a !== b) t.ok(ARROWS[a]?.includes(b), `${from} imports ${target}`)
  }
})

t.test(
  'of the config, the proxy, the admin side and the webhooks know only the types of the settings',
  async (t) => {
    for (const { from, to, typeOnly } of imports) {
      if (!['proxy', 'admin', 'webhook'].includes(partOf(from)) || !to.includes('/config/')) continue
      t.ok(typeOnly && to.endsWith('settings.ts'), `${from} imports ${to}`)
    }
  },
)

t.test('the dashboard imports nothing that a browser does not get', async (t) => {
  for (const { from, to, typeOnly } of imports) {
    if (partOf(from) !== 'dashboard') continue
    t.ok(typeOnly || /^(?:\.\/[\w-]+\.ts|preact(?:\/hooks)?)$/.test(to), `${from} imports ${to}`)
  }
})

t.test('the core does no I/O', async (t) => {
  for (const { from, to } of imports) {
    if (partOf(from) === 'domain') t.ok(to.startsWith('.') || to === 'lru-cache', `${from} imports ${to}`)
  }
})

t.test('each library lives in one place', async (t) => {
  for (const { from, to } of imports) {
    if (to.startsWith('.') || to.startsWith('node:')) continue
    const name = to
      .split('/')
      .slice(0, to.startsWith('@') ? 2 : 1)
      .join('/')
    t.ok(
      LIBRARIES[name]?.some((place) => from.startsWith(place)),
      `${from} imports ${to}`,
    )
  }
})

t.test('node:http is not imported, but for its types', async (t) => {
  for (const { from, to, typeOnly } of imports) {
    if (to === 'node:http' || to === 'node:https')
      t.ok(typeOnly, `${from} imports ${to}: see src/node-http.ts`)
  }
})

t.test('only main.ts touches the process', async (t) => {
  for (const file of files.filter((name) => name !== 'src/main.ts')) {
    const text = readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '')
    t.notMatch(text, /(?<![.\w])process\.(?:env|argv|exit|on|once|std(?:in|out|err)|cwd|exitCode)\b/, file)
  }
})

t.test('every file can be imported on its own', async (t) => {
  // The first file of the process, and that of the browser, which begin at once.
  const begins = new Set(['src/main.ts', 'src/dashboard/main.ts'])
  for (const file of files.filter((name) => !begins.has(name) && !name.includes('generate'))) {
    await t.resolves(import(pathToFileURL(join(root, file)).href), file)
  }
})
