/** Secrets stay secret: no way of printing Settings or a fault shows a token or a value of the environment. */
import { format, inspect } from 'node:util'
import t from 'tap'
import { formatFault, loadConfigText } from '../../src/config/load.ts'
import { configNode } from '../../src/config/schema-data.ts'
import { properties, sectionOf, serviceNode, type SchemaNode } from '../../src/config/schema-node.ts'
import { Secret } from '../../src/config/settings.ts'

const FILE = '/etc/wakedock/wakedock.yaml'
const CANARY = 'hunter2hunter2hunter2'

/** Every usual way for a value to end in a log. */
function printed(value: unknown): string {
  return [
    JSON.stringify(value),
    inspect(value, { depth: null, showHidden: true }),
    format('%s %o %j', value, value, value),
    String(value),
  ].join('\n')
}

t.test('a Secret can be compared, and not printed', (t) => {
  const secret = new Secret(CANARY)
  t.equal(secret.reveal(), CANARY)
  t.notMatch(printed({ secret, list: [secret] }), CANARY)
  t.notMatch(String(secret) + secret.toString(), CANARY)
  t.end()
})

const SOURCES: readonly [title: string, token: string][] = [
  ['the environment', 'token: "${TOKEN}"'],
  ['a file', 'token_file: token'],
  ['the config itself', `token: ${CANARY}`],
]
for (const [title, token] of SOURCES)
  t.test(`settings and warnings do not show a token from ${title}`, async (t) => {
    const text = `admin: { tokens: [{ name: ops, ${token} }] }\nservices: {}\n`
    const result = await loadConfigText(text, FILE, { TOKEN: CANARY }, () => Promise.resolve(`${CANARY}\n`))
    t.ok(result.ok)
    if (!result.ok) return
    t.equal(result.settings.admin.tokens[0]?.token.reveal(), CANARY)
    t.notMatch(printed(result), CANARY)
  })

t.test('settings, warnings and faults do not show the url or the secret of a webhook', async (t) => {
  const hook = { url: `https://user:${CANARY}@example.com/${CANARY}`, secret: CANARY, format: 'discord' }
  const text = (webhooks: object[]): string => JSON.stringify({ webhooks, services: {} })
  const sound = await loadConfigText(text([hook]), FILE, {})
  t.ok(sound.ok)
  if (!sound.ok) return
  t.equal(sound.settings.webhooks[0]?.secret?.reveal(), CANARY)
  t.notMatch(printed(sound) + sound.warnings.map(formatFault).join('\n'), CANARY)
  const swapped = { [CANARY]: 'url' }
  const bad = [hook, hook, { url: `ftp://${CANARY}` }, { url: hook.url, secret: `whsec_${CANARY}!` }, swapped]
  const faulty = await loadConfigText(text(bad), FILE, {})
  t.ok(!faulty.ok && faulty.faults.length > 4)
  if (!faulty.ok) t.notMatch(printed(faulty.faults) + faulty.faults.map(formatFault).join('\n'), CANARY)
})

const BAD_TOKENS: readonly [title: string, yaml: string][] = [
  ['of the wrong type', `{ name: ops, token: [${CANARY}] }`],
  ['twice', `{ name: a, token: ${CANARY} }, { name: b, token: ${CANARY} }`],
  ['with characters that cannot be sent', `{ name: ops, token: "${CANARY} ${CANARY}" }`],
  ['after a closing quote', `{ name: ops, token: "x" ${CANARY} }`],
  ['that looks like an anchor', `{ name: ops, token: *${CANARY} }`],
  ['that looks like a tag', `{ name: ops, token: !${CANARY} x }`],
  ['with a bad escape', `{ name: ops, token: "\\q${CANARY}" }`],
  ['with a reserved character', `{ name: ops, token: @${CANARY} }`],
  ['as a broken reference', `{ name: ops, token: "\${${CANARY}" }`],
  ['written onto its key', `{ name: ops, token:${CANARY} }`],
  ['written onto its key with "="', `{ name: ops, token=${CANARY} }`],
  ['in the place of its key', `{ ${CANARY}: ops }`],
  ['in two places', `{ name: ops, token: ${CANARY}, token_file: nowhere }`],
]
for (const [title, yaml] of BAD_TOKENS)
  t.test(`faults do not show a token ${title}`, async (t) => {
    const text = `admin:\n  listen: ":9090"\n  tokens: [${yaml}]\nservices: {}\n`
    const result = await loadConfigText(text, FILE, {}, () => Promise.reject(new Error(CANARY)))
    t.notOk(result.ok)
    if (result.ok) return
    t.ok(result.faults.length > 0)
    t.notMatch(printed(result.faults) + result.faults.map(formatFault).join('\n'), CANARY)
  })

/** The paths of all options, those of services under the service blog. */
function* options(node: SchemaNode, path: readonly string[]): Generator<readonly string[]> {
  for (const [key, child] of properties(node)) {
    if (key === 'services') continue
    yield [...path, key]
    const section = sectionOf(child)
    if (section) yield* options(section, [...path, key])
  }
}

const VALUES = [
  CANARY,
  `http://${CANARY}.example.com`,
  `${CANARY}:80`,
  `/${CANARY}?#`,
  `${CANARY} *`,
  `ssh://${CANARY}`,
]

t.test('whichever option gets its value from the environment, no fault shows it', async (t) => {
  const all = [...options(configNode, []), ...options(serviceNode(configNode), ['services', 'blog'])]
  let faults = 0
  for (const path of all)
    for (const value of VALUES) {
      const blog: Record<string, unknown> = { hosts: '${TWIN}', container: '${TWIN}' }
      const config: Record<string, unknown> = { services: { wiki: { ...blog }, blog } }
      let parent: Record<string, unknown> = path[0] === 'services' ? blog : config
      const rest = path[0] === 'services' ? path.slice(2) : path
      for (const key of rest.slice(0, -1)) {
        const inner: Record<string, unknown> = {}
        parent[key] = inner
        parent = inner
      }
      parent[rest.at(-1) ?? ''] = '${VALUE}'
      const result = await loadConfigText(JSON.stringify(config), FILE, {
        VALUE: value,
        TWIN: `${CANARY}-twin`,
      })
      if (result.ok) t.fail('two services have the same host')
      else {
        faults += result.faults.length
        const shown = printed(result.faults) + result.faults.map(formatFault).join('\n')
        if (shown.includes(CANARY)) t.fail(`${path.join('.')} shows ${value}`)
      }
    }
  t.ok(faults > all.length * VALUES.length)
})
