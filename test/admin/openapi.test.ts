/** The description of the API: it is current, a validator takes it, and it is true of what the API answers. */
import { readFile } from 'node:fs/promises'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { describe, generatedDescription, knownRoutes } from '../../src/admin/openapi.ts'
import { OPERATIONS } from '../../src/admin/openapi-operations.ts'
import { startAdmin } from '../helpers/admin.ts'

const FOLDER = new URL('../../', import.meta.url)

interface Operation {
  readonly summary: string
  readonly operationId: string
  readonly security: readonly object[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly description?: string
  }[]
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: object }> }>>
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

const description = describe(knownRoutes()) as unknown as Description

const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    call: `${method.toUpperCase()} ${path}`,
    operation,
  })),
)

for (const [name, text] of Object.entries(generatedDescription())) {
  t.test(`${name} is what the routes say; if not, run npm run schema`, async (t) => {
    t.equal(await readFile(new URL(name, FOLDER), 'utf8'), text)
  })
}

t.test('a validator takes it as OpenAPI 3.1', async (t) => {
  const validator = new Validator()
  const result = await validator.validate(JSON.parse(JSON.stringify(description)))
  t.strictSame(result.errors ?? [], [])
  t.equal(result.valid, true)
  t.equal(validator.version, '3.1')
})

t.test('every route is described, with its scope and the problems that it may answer', async (t) => {
  t.equal(operations.length, Object.keys(OPERATIONS).length)
  t.ok(operations.length >= 18)
  for (const { call, operation } of operations) {
    const { responses, security, parameters = [] } = operation
    const open = security.length === 0
    t.equal('401' in responses, !open, `${call} takes a token`)
    t.ok('500' in responses, call)
    t.ok(
      parameters.every(({ description }) => (description ?? '').length > 5),
      `${call} explains its parameters`,
    )
    const orders = !call.startsWith('GET')
    t.equal(JSON.stringify(responses).includes('WAKEDOCK_FORBIDDEN'), orders || call.endsWith('/logs'), call)
    t.equal('413' in responses, orders, call)
  }
  t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length)
})

t.test('a route without words, and words without a route, are noticed', async (t) => {
  const [first, ...others] = knownRoutes()
  t.throws(() => describe(others), /there is no GET \/healthz: take it out/)
  const strange = { method: 'GET', path: '/api/v1/strange', scope: 'read', schema: {} } as const
  t.throws(() => describe([...(first ? [first] : []), ...others, strange]), /strange has no entry/)
})

t.test('it is served to everybody, as it is', async (t) => {
  const { ask } = await startAdmin(t, { tokens: [] })
  const answer = await ask('GET /api/v1/openapi.json')
  t.match(answer, { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' } })
  t.strictSame(answer.json, JSON.parse(JSON.stringify(description)))
  t.match(await ask('HEAD /api/v1/openapi.json'), { status: 200, text: '' })
})

/** Requests that make each answer, with its status. */
const ANSWERS: readonly (readonly [call: string, path: string, status: number])[] = [
  ['GET /healthz', '/healthz', 200],
  ['GET /readyz', '/readyz', 200],
  ['GET /api/v1/services', '/api/v1/services', 200],
  ['GET /api/v1/services/blog', '/api/v1/services/{name}', 200],
  ['GET /api/v1/services/x', '/api/v1/services/{name}', 404],
  ['POST /api/v1/services/blog/wake', '/api/v1/services/{name}/wake', 202],
  ['POST /api/v1/services/blog/wake?wait=true', '/api/v1/services/{name}/wake', 200],
  ['POST /api/v1/services/blog/wake?wait=1', '/api/v1/services/{name}/wake', 400],
  ['POST /api/v1/services/blog/sleep', '/api/v1/services/{name}/sleep', 202],
  ['PUT /api/v1/services/blog/pin', '/api/v1/services/{name}/pin', 200],
  ['DELETE /api/v1/services/blog/pin', '/api/v1/services/{name}/pin', 200],
  ['GET /api/v1/services/blog/history', '/api/v1/services/{name}/history', 200],
  ['GET /api/v1/history', '/api/v1/history', 200],
  ['GET /api/v1/system/overview', '/api/v1/system/overview', 200],
  ['GET /api/v1/config', '/api/v1/config', 200],
  ['POST /api/v1/config/validate', '/api/v1/config/validate', 200],
  ['POST /api/v1/config/reload', '/api/v1/config/reload', 200],
  ['GET /api/v1/caddy/ask', '/api/v1/caddy/ask', 400],
  ['GET /api/v1/openapi.json?x=1', '/api/v1/openapi.json', 400],
]

/** Answers may grow, so the schemas allow more fields than they name; here none is let pass unnamed. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const all = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'properties' in all && !('additionalProperties' in all) && all['type'] === 'object'
    ? { ...all, additionalProperties: false }
    : all
}

t.test('what is answered is what is described', async (t) => {
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ } })
  ajv.addSchema({ $id: 'api', ...(closed(description) as object) })
  const { ask } = await startAdmin(t)
  for (const [call, path, status] of ANSWERS) {
    const answer = await ask(call)
    t.equal(answer.status, status, call)
    const method = (call.split(' ')[0] ?? '').toLowerCase()
    const type = String(answer.headers['content-type']).split(';', 1)[0] ?? ''
    const at = ['paths', path, method, 'responses', String(status), 'content', type, 'schema']
    const pointer = at
      .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/')
    const validate = ajv.compile({ $ref: `api#/${pointer}` })
    t.ok(validate(answer.json), `${call}: ${ajv.errorsText(validate.errors)}`)
  }
})
