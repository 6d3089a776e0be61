/** What the settings say of TLS: names, files and the order in which a service and the defaults are heard. */
import t from 'tap'
import { resolveServices } from '../../src/config/discover.ts'
import { loadConfigText } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { Target, Tls } from '../../src/domain/service.ts'
import { CERTIFICATE } from './certificate.ts'
import { container, labels } from './found.ts'

const OTHER = CERTIFICATE.replace('\n', '\n\n')

async function settings(text: string, files: Readonly<Record<string, string>> = {}): Promise<Settings> {
  const known: Readonly<Record<string, string>> = { 'ca.pem': CERTIFICATE, 'other.pem': OTHER, ...files }
  const read = (path: string): Promise<string> =>
    Promise.resolve(known[path.replace('/etc/wakedock/', '')] ?? '')
  const result = await loadConfigText(text, '/etc/wakedock/wakedock.yaml', {}, read)
  if (!result.ok) throw new Error(result.faults.map(({ message }) => message).join('\n'))
  return result.settings
}

const tlsOf = (target: Target | undefined): Tls | undefined =>
  target === undefined || target.kind === 'group' ? undefined : target.tls

async function tls(options: string, head = ''): Promise<Tls | undefined> {
  const { services } = await settings(`${head}\nservices: { blog: { ${options} } }`)
  return tlsOf(services.find(({ target }) => target.kind !== 'group')?.target)
}

const CONTAINER = 'container: ghost, scheme: https'

t.test('the name that a certificate has to be for', async (t) => {
  const cases: [options: string, name: string | undefined][] = [
    [`hosts: [blog.example.com, b.example.com], ${CONTAINER}`, 'blog.example.com'],
    [`hosts: ["*.example.com", b.example.com], ${CONTAINER}`, 'b.example.com'],
    [`hosts: "*.example.com", ${CONTAINER}`, 'wakedock.example.com'],
    [`hosts: 192.168.1.5, ${CONTAINER}`, '192.168.1.5'],
    [`hosts: blog.example.com, ${CONTAINER}, tls: { server_name: Ghost.Internal. }`, 'ghost.internal'],
    [`hosts: blog.example.com, ${CONTAINER}, tls: { server_name: null }`, 'blog.example.com'],
    ['hosts: blog.example.com, process: { command: [x] }, port: 1, scheme: https', 'blog.example.com'],
    ['hosts: blog.example.com, containers: [db, ghost], scheme: https, port: 1', undefined],
    ['hosts: blog.example.com, url: "https://nas.lan", tls: { insecure_skip_verify: true }', 'nas.lan'],
    ['hosts: blog.example.com, url: "https://[::1]:1", tls: { insecure_skip_verify: true }', '::1'],
    ['hosts: blog.example.com, url: "https://1.2.3.4", tls: { server_name: nas.lan }', 'nas.lan'],
  ]
  for (const [options, name] of cases) t.equal((await tls(options))?.serverName, name, options)
  const needed = await settings(
    'services: { blog: { hosts: a.example.com, container: ghost, depends_on: api }, api: { container: inner, scheme: https, ready: {} } }',
  )
  t.equal(tlsOf(needed.services[1]?.target)?.serverName, 'inner', 'without hosts: the name on the network')
})

t.test('of a stack the last container is checked, by the name of the service', async (t) => {
  const { services } = await settings(
    'services: { blog: { hosts: blog.example.com, containers: [db, ghost], scheme: https } }',
  )
  t.same(
    services.map(({ target }) => tlsOf(target)?.serverName),
    [undefined, undefined, 'blog.example.com'],
  )
})

t.test('http has no certificate, whatever the defaults say', async (t) => {
  const head = 'defaults: { tls: { ca_file: ca.pem } }'
  t.equal(await tls('hosts: blog.example.com, container: ghost', head), undefined)
  t.equal(await tls('hosts: blog.example.com, url: "http://nas.lan"', head), undefined)
  t.equal(await tls('hosts: blog.example.com, url: "https://nas.lan"'), undefined, 'the usual check')
})

t.test('key by key, the service goes before the defaults', async (t) => {
  const at = `hosts: blog.example.com, ${CONTAINER}`
  const ca = CERTIFICATE
  const serverName = 'blog.example.com'
  const insecure = 'defaults: { tls: { insecure_skip_verify: true } }'
  const named = 'defaults: { tls: { ca_file: ca.pem } }'
  const cases: [head: string, own: string, result: Tls][] = [
    ['', '', { ca: null, serverName, insecure: false }],
    [named, '', { ca, serverName, insecure: false }],
    [named, ', tls: { server_name: b.internal }', { ca, serverName: 'b.internal', insecure: false }],
    [named, ', tls: { ca_file: other.pem }', { ca: OTHER, serverName, insecure: false }],
    [named, ', tls: { ca_file: null }', { ca: null, serverName, insecure: false }],
    [insecure, '', { ca: null, serverName, insecure: true }],
    [insecure, ', tls: { insecure_skip_verify: false }', { ca: null, serverName, insecure: false }],
    [insecure, ', tls: { ca_file: ca.pem }', { ca, serverName, insecure: false }],
    ['', ', tls: { insecure_skip_verify: true }', { ca: null, serverName, insecure: true }],
  ]
  for (const [head, own, result] of cases) t.strictSame(await tls(at + own, head), result, `${head} ${own}`)
})

t.test('only the certificates of a file are kept', async (t) => {
  const text = `services: { blog: { hosts: blog.example.com, ${CONTAINER}, tls: { ca_file: all.pem } } }`
  const key = '-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----'
  const { services } = await settings(text, { 'all.pem': `# ours\n${CERTIFICATE}\n${key}\r\n${OTHER}` })
  t.equal(tlsOf(services[0]?.target)?.ca, `${CERTIFICATE}\n${OTHER}`)
})

t.test('another check is another upstream for a url, and the same container and process', async (t) => {
  const keys = async (file: string): Promise<string[]> => {
    const each = `tls: { ca_file: ca.pem }`
    const { services } = await settings(
      `services:
        a: { hosts: a.example.com, ${CONTAINER}, ${each} }
        b: { hosts: b.example.com, process: { command: [x] }, port: 1, scheme: https, ${each} }
        c: { hosts: c.example.com, url: "https://nas.lan", ${each} }`,
      { 'ca.pem': file },
    )
    return services.map(({ target }) => target.key)
  }
  const [before, same, after] = [await keys(CERTIFICATE), await keys(CERTIFICATE), await keys(OTHER)]
  t.strictSame(same, before)
  t.strictSame(after.slice(0, 2), before.slice(0, 2))
  t.not(after[2], before[2])
})

t.test('labels choose no file of this machine, and are warned of like the file', async (t) => {
  const file = await settings('docker: { labels: true }\ndefaults: { tls: { ca_file: ca.pem } }\nservices:')
  const found = (more: Record<string, string>) =>
    resolveServices(file, [container('ghost', labels({ hosts: 'a.example.com', scheme: 'https', ...more }))])
  t.same(tlsOf(found({}).services[0]?.target), {
    ca: CERTIFICATE,
    serverName: 'a.example.com',
    insecure: false,
  })
  for (const label of [{ 'tls.ca_file': 'ca.pem' }, { tls: '{ ca_file: other.pem }' }])
    t.match(found(label), {
      services: [],
      warnings: [/label wakedock.tls.ca_file cannot stand in labels.* set it in defaults/],
    })
  t.match(found({ 'tls.insecure_skip_verify': 'true', 'tls.server_name': 'ghost' }), {
    services: [{ target: { tls: { serverName: 'ghost', insecure: true } } }],
    warnings: [/label wakedock.tls.insecure_skip_verify is on/],
  })
})
