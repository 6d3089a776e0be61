/**
 * Checks plain values against the schema with ajv, and turns what ajv finds into faults. ajv reports every schema that did
 * not match, several for one mistake; this file chooses which of them is the mistake, explain.ts says it in words.
 */
import { Ajv, type ErrorObject, type SchemaValidateFunction } from 'ajv'
import { explain, type Mistake } from './explain.ts'
import type { Findings } from './fault.ts'
import { Problem } from './problem.ts'
import { configNode } from './schema-data.ts'
import type { Config } from './schema.ts'
import { isNode, type Path } from './schema-node.ts'
import { meantOption, withoutShadows } from './shadows.ts'
import { KINDS, type KindName } from './values.ts'

/** Some of the values may be missing although the schema asks for them: the faulty ones were taken out. */
export type Loose<T> = T extends readonly (infer E)[]
  ? readonly (Loose<E> | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: Loose<T[K]> | undefined }
    : T

interface Checked {
  readonly whole: Config | null
  readonly rest: Loose<Config>
  /** Options that the file has, faulty or misspelled, and `rest` has not: to ask for them would be a second fault for one slip. */
  readonly spoiled: (path: Path) => boolean
}

/** What these find wrong is not there; what is there is sound. */
const ABOUT_ABSENCE = new Set(['required', 'dependencies', 'oneOf'])

const ajv = new Ajv({ allErrors: true, verbose: true, strictTypes: false, strictRequired: false })
ajv.addKeyword({ keyword: 'x-kind', errors: true, validate: validateKind() })
// Says how a value may be shown; any value may be one.
ajv.addKeyword('x-secret')
const check = ajv.compile<Config>(configNode)

/**
 * Reports everything in `root` that the schema refuses, but nothing at the `unresolved` places, and returns what is left
 * without the faulty values: the rules about several options go on with that, so one mistake does not hide another.
 * `whole` is the config where nothing had to be taken out.
 */
export function validate(root: unknown, unresolved: readonly Path[], findings: Findings): Checked {
  const sound = check(root)
  if (sound && unresolved.length === 0) return { whole: root, rest: root, spoiled: () => false }
  const remains: unknown = structuredClone(root)
  const known = new Set(unresolved.map((path) => JSON.stringify(path)))
  const spoiled = new Set(known)
  const errors = sound ? [] : chooseMistakes(check.errors ?? [])
  for (const mistake of withoutShadows(errors.map((error) => toMistake(error, root)))) {
    if (known.has(JSON.stringify(mistake.path))) continue
    const explanation = explain(mistake)
    if (!explanation) continue
    findings.fault(explanation.path, explanation.problem, explanation.at)
    spoiled.add(JSON.stringify(explanation.path))
    const meant = meantOption(mistake)
    if (meant) spoiled.add(JSON.stringify(meant))
    if (!ABOUT_ABSENCE.has(mistake.keyword)) remove(remains, explanation.path)
  }
  for (const path of unresolved) remove(remains, path)
  return {
    whole: null,
    rest: isObject(remains) ? remains : {},
    spoiled: (path) => spoiled.has(JSON.stringify(path)),
  }
}

/** The keyword `x-kind`: the value is what its row of KINDS can parse. Other types of value are the schema's to refuse. */
function validateKind(): SchemaValidateFunction {
  const run: SchemaValidateFunction = (kind: KindName, data: unknown) => {
    const { parse, number } = KINDS[kind]
    if (typeof data !== 'string' && !(number && typeof data === 'number')) return true
    const result = (parse as (text: string) => unknown)(String(data))
    if (!(result instanceof Problem)) return true
    run.errors = [{ keyword: 'x-kind', params: { problem: result } }]
    return false
  }
  return run
}

/** One error for each mistake. */
function chooseMistakes(all: readonly ErrorObject[]): readonly ErrorObject[] {
  // Whoever understands the value has the last word on it; the patterns beneath are for editors.
  const kinds = all.filter(({ keyword }) => keyword === 'x-kind').map(scope)
  let errors = all.filter((error) => error.keyword === 'x-kind' || !kinds.some((kind) => within(error, kind)))
  errors = errors.filter(({ schemaPath }) => !/\/(oneOf\/\d+|propertyNames)\//.test(schemaPath))
  for (const union of errors.filter(({ keyword }) => keyword === 'anyOf')) errors = settleUnion(union, errors)
  return errors
}

/**
 * Of a union, the errors of the alternative that has the value's type say what is wrong. Where no alternative has it, the
 * union's own error does.
 */
function settleUnion(union: ErrorObject, errors: readonly ErrorObject[]): ErrorObject[] {
  const { schemaPath, instancePath } = union
  const branches = (Array.isArray(union.schema) ? union.schema : []).map((_, index) => ({
    schemaPath: `${schemaPath}/${index}/`,
    instancePath,
  }))
  const fitting = branches.find(
    (branch) => !errors.some((error) => within(error, branch) && isMismatch(error, instancePath)),
  )
  const inside = (error: ErrorObject) => branches.some((branch) => within(error, branch))
  return errors.filter((error) => {
    if (error === union) return !fitting
    return !inside(error) || (fitting !== undefined && within(error, fitting))
  })
}

interface Scope {
  readonly schemaPath: string
  readonly instancePath: string
}

function scope({ schemaPath, instancePath }: ErrorObject): Scope {
  return { schemaPath: schemaPath.slice(0, -'x-kind'.length), instancePath }
}

function within(error: ErrorObject, { schemaPath, instancePath }: Scope): boolean {
  return error.schemaPath.startsWith(schemaPath) && `${error.instancePath}/`.startsWith(`${instancePath}/`)
}

function isMismatch({ keyword, instancePath }: ErrorObject, at: string): boolean {
  return instancePath === at && (keyword === 'type' || keyword === 'const' || keyword === 'anyOf')
}

function toMistake(error: ErrorObject, root: unknown): Mistake {
  const { keyword, data, params } = error
  const node = isNode(error.parentSchema) ? error.parentSchema : configNode
  return { keyword, data, params, node, path: toPath(error.instancePath, root) }
}

/** From ajv's JSON Pointer (RFC 6901). Only the value tells whether a "0" is an index or a service's name. */
function toPath(pointer: string, root: unknown): Path {
  let value = root
  return pointer
    .split('/')
    .slice(1)
    .map((escaped) => {
      const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
      const step = Array.isArray(value) ? Number(key) : key
      value = isObject(value) ? value[key] : undefined
      return step
    })
}

/** Takes a value out; in a list it leaves a hole, so that the places of the others stay true. */
function remove(root: unknown, path: Path): void {
  const last = path.at(-1)
  let parent = root
  for (const step of path.slice(0, -1)) parent = isObject(parent) ? parent[step] : undefined
  if (last === undefined || !isObject(parent)) return
  if (Array.isArray(parent)) parent[Number(last)] = undefined
  else delete parent[last]
}

function isObject(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}
