/**
 * From YAML text to plain values, with the place of every one of them. Walks the syntax tree itself instead of calling
 * toJS(): one walk gives the values, the places (through aliases and merges too) and the environment's values.
 */
import { Alias, LineCounter, isMap, isScalar, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml'
import { retype, substitute, type Environment } from './environment.ts'
import type { Findings } from './fault.ts'
import type { Position } from './places.ts'
import { Problem } from './problem.ts'
import { nodesAt, type Path, type SchemaNode } from './schema-node.ts'
import { syntaxProblem } from './syntax.ts'

/** Aliases of aliases can make a small file endless ("billion laughs"). No honest config has this many values. */
const MAX_VALUES = 100_000
/** Deeper than any config, and far from the end of the stack. */
const MAX_DEPTH = 50

export interface Reading {
  /** Plain values; mappings have no prototype. */
  readonly root: unknown
  /** Where the environment had no value: already reported, so whatever else is said of these places is noise. */
  readonly unresolved: readonly Path[]
}

/** Reads `text`; faults go to `findings`. Null where the text is no YAML, and there is nothing to look at further. */
export function readDocument(
  text: string,
  env: Environment,
  schema: SchemaNode,
  findings: Findings,
): Reading | null {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    version: '1.2',
  })
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const errors = [...document.errors, ...document.warnings]
  // Where the parser gave up on the depth, what follows is about brackets that it no longer reads.
  const depth = errors.filter(({ code }) => code === 'RESOURCE_EXHAUSTION')
  for (const { code, pos } of depth.length > 0 ? depth : errors)
    findings.faultAt(at(pos[0]), syntaxProblem(code))
  if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) return null
  return new Walk(document, env, schema, findings, at).read()
}

class Walk {
  readonly #document: Document
  readonly #env: Environment
  readonly #schema: SchemaNode
  readonly #findings: Findings
  readonly #at: (offset: number) => Position
  readonly #unresolved: Path[] = []
  #values = 0

  constructor(
    document: Document,
    env: Environment,
    schema: SchemaNode,
    findings: Findings,
    at: (offset: number) => Position,
  ) {
    this.#document = document
    this.#env = env
    this.#schema = schema
    this.#findings = findings
    this.#at = at
  }

  read(): Reading | null {
    const root = this.#value(this.#document.contents, [], undefined)
    if (this.#values <= MAX_VALUES) return { root, unresolved: this.#unresolved }
    this.#findings.faultAt(this.#at(0), syntaxProblem('RESOURCE_EXHAUSTION'))
    return null
  }

  /** The plain value of `node`, which stands at `path` under the key at `key`. */
  #value(node: unknown, path: Path, key: Position | undefined): unknown {
    this.#values += 1
    if (this.#values > MAX_VALUES) return null
    if (path.length > MAX_DEPTH) {
      // An alias that contains itself ends here as well.
      this.#values = MAX_VALUES + 1
      return null
    }
    if (node instanceof Alias) {
      const target = this.#resolve(node)
      if (target === undefined) this.#unresolved.push(path)
      return this.#value(target, path, key)
    }
    const start = offset(node)
    const own = start === undefined ? undefined : this.#at(start)
    const place = { key, value: own ?? key ?? this.#at(0), variables: [] as readonly string[] }
    // A block begins at its first entry, which would be the place of that entry: the key is where an admin looks.
    const block = isMap(node) || isSeq(node) || (isScalar(node) && node.value === null)
    this.#findings.places.record(path, block && key ? { ...place, value: key } : place)
    if (isMap(node)) return this.#mapping(node, path)
    if (isSeq(node)) return node.items.map((item, index) => this.#value(item, [...path, index], undefined))
    if (!isScalar(node)) return null
    if (typeof node.value !== 'string') return node.value
    const { text, variables, problems } = substitute(node.value, this.#env)
    for (const problem of problems) this.#findings.fault(path, problem)
    if (problems.length > 0) this.#unresolved.push(path)
    if (variables.length === 0) return text
    this.#findings.places.record(path, { ...place, variables })
    return retype(text, nodesAt(this.#schema, path))
  }

  #mapping(node: YAMLMap, path: Path): Record<string, unknown> {
    const result: Record<string, unknown> = Object.create(null)
    const merged: unknown[] = []
    for (const pair of node.items) {
      const name = keyName(pair.key)
      const position = this.#at(offset(pair.key) ?? 0)
      if (typeof name === 'symbol') merged.push(pair.value)
      else if (name === undefined) this.#findings.faultAt(position, syntaxProblem('NON_STRING_KEY'))
      else result[name] = this.#value(pair.value, [...path, name], position)
    }
    for (const source of merged) this.#merge(result, source, path, 0)
    return result
  }

  /** https://yaml.org/type/merge.html: a mapping or a list of them, whose keys are used where the mapping has none. */
  #merge(result: Record<string, unknown>, source: unknown, path: Path, depth: number): void {
    // A mapping that merges itself.
    if (depth > MAX_DEPTH) this.#values = MAX_VALUES + 1
    if (this.#values > MAX_VALUES) return
    const node = source instanceof Alias ? this.#resolve(source) : source
    if (isSeq(node)) for (const item of node.items) this.#merge(result, item, path, depth + 1)
    else if (isMap(node)) {
      for (const pair of node.items) {
        const name = keyName(pair.key)
        if (typeof name === 'symbol') this.#merge(result, pair.value, path, depth + 1)
        else if (name !== undefined && !Object.hasOwn(result, name))
          result[name] = this.#value(pair.value, [...path, name], this.#at(offset(pair.key) ?? 0))
      }
    } else if (node !== undefined)
      this.#findings.faultAt(
        this.#at(offset(node) ?? 0),
        new Problem('"<<" merges mappings only', 'write it like <<: *name'),
      )
  }

  #resolve(alias: Alias): unknown {
    const node = alias.resolve(this.#document)
    if (node === undefined)
      this.#findings.faultAt(
        this.#at(offset(alias) ?? 0),
        new Problem(
          'an alias (*name) has no anchor (&name) above it',
          'put text that starts with "*" in quotes',
        ),
      )
    return node
  }
}

/** The option's name; the symbol for "<<"; undefined for what cannot name an option. */
function keyName(key: unknown): string | symbol | undefined {
  const name = isScalar(key) ? key.value : undefined
  if (typeof name === 'symbol' || typeof name === 'string') return name
  return typeof name === 'number' || typeof name === 'boolean' ? String(name) : undefined
}

function offset(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined
  return Array.isArray(node.range) && typeof node.range[0] === 'number' ? node.range[0] : undefined
}
