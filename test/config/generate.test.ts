/** The generated files are up to date, and true: the example loads, and the editors' schema agrees with the loader. */
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import t from 'tap'
import { parse } from 'yaml'
import { generated } from '../../src/config/generate.ts'
import { loadConfigText } from '../../src/config/load.ts'
import { configNode } from '../../src/config/schema-data.ts'
import { alternatives, type SchemaNode } from '../../src/config/schema-node.ts'
import { CERTIFICATE } from './certificate.ts'

const FOLDER = new URL('../../', import.meta.url)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const files = generated()
const example = files['config/wakedock.yaml'] ?? ''

for (const [name, text] of Object.entries(files))
  t.test(`${name} is what the schema says; if not, run npm run schema`, async (t) => {
    t.equal(await readFile(new URL(name, FOLDER), 'utf8'), text)
  })

t.test('the script agrees that nothing is out of date', (t) => {
  const { status, stderr } = spawnSync(process.execPath, ['config/generate.ts', '--check'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  t.equal(stderr, '')
  t.equal(status, 0)
  t.end()
})

t.test('the example loads without a fault and without a warning', async (t) => {
  const readText = (path: string): Promise<string> =>
    Promise.resolve(path.endsWith('.pem') ? CERTIFICATE : 'fedcba9876543210')
  const result = await loadConfigText(
    example,
    'wakedock.yaml',
    { WAKEDOCK_TOKEN: '0123456789abcdef', WEBHOOK_SECRET: 'fedcba9876543210' },
    readText,
  )
  t.match(result, { ok: true, warnings: [] })
  if (result.ok)
    t.strictSame(
      result.settings.services.filter(({ part }) => !part).map(({ target }) => target.kind),
      ['container', 'container', 'group', 'group', 'process', 'url'],
    )
})

/** Every option by its name and the name of the section around it. */
function* options(
  node: SchemaNode,
  around: string,
): Generator<[around: string, key: string, node: SchemaNode]> {
  for (const option of alternatives(node)) {
    for (const [key, child] of Object.entries(option.properties ?? {})) {
      if (child === false) continue
      yield [around, key, child]
      yield* options(child, key)
    }
    if (option.items) yield* options(option.items, around)
    if (typeof option.additionalProperties === 'object')
      yield* options(option.additionalProperties, 'service')
  }
}

t.test(
  'every option is described, has an example or options of its own, and stands in the example and the reference',
  (t) => {
    const reference = files['config/README.md'] ?? ''
    for (const [around, key, node] of options(configNode, 'file')) {
      t.match(node.description, /\S.*[.)]$/s, `${around}.${key} has a description that ends like a sentence`)
      if (around === 'defaults') continue
      t.ok(
        node.examples?.length || alternatives(node).some(({ properties }) => properties),
        `${around}.${key} has an example`,
      )
      t.match(example, new RegExp(`\\b${key}:\\s`), `${around}.${key} is in the example`)
      t.match(reference, new RegExp(`\`${key}\``), `${around}.${key} is in the reference`)
    }
    t.end()
  },
)

t.test("any validator can use the editors' schema, and finds the example right and a slip wrong", (t) => {
  const schema: object = JSON.parse(files['config/wakedock.schema.json'] ?? '')
  const check = new Ajv({ strictTypes: false, strictRequired: false }).compile(schema)
  const value: Record<string, unknown> = parse(example)
  t.ok(check(value), JSON.stringify(check.errors))
  t.notOk(check({ ...value, lisetn: ':80' }))
  t.notOk(
    check({ services: { blog: { hosts: 'a.example.com', container: 'ghost', url: 'http://192.0.2.1' } } }),
  )
  t.notOk(check({ services: { blog: { hosts: 'a.example.com', container: 'ghost', idle_timeout: 15 } } }))
  t.ok(check({ services: { blog: { hosts: 'a.example.com', container: 'ghost', idle_timeout: '${IDLE}' } } }))
  t.end()
})
