/**
 * The part of JSON Schema that the config schema uses, as plain data, and the walks over it. Errors, the reference page and
 * the commented example are all read off the schema through this view, so none of them can say something else.
 */
import type { KindName } from './values.ts'

/** Where something stands in the file: `['services', 'blog', 'hosts', 0]`. */
export type Path = readonly (string | number)[]

export interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaNode | false>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly enum?: readonly (string | number)[]
  readonly const?: string | number
  readonly minItems?: number
  readonly minProperties?: number
  readonly minimum?: number
  readonly maximum?: number
  /** The row of KINDS that understands the value; what stands beside it in the node is for editors. */
  readonly 'x-kind'?: KindName
  /** The value, with all that is within, is a secret: it is shown to nobody. */
  readonly 'x-secret'?: boolean
}

/** For what comes out of JSON or ajv: it is a schema because it stands where only schemas do. */
export function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null
}

/** The alternatives of a union, and of the unions within; a node that is no union is its own only alternative. */
export function alternatives(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf ? node.anyOf.flatMap(alternatives) : [node]
}

/** Every schema that describes the value at `path`; none where the path leads nowhere. */
export function nodesAt(root: SchemaNode, path: Path): readonly SchemaNode[] {
  let nodes = alternatives(root)
  for (const step of path) nodes = nodes.flatMap((node) => child(node, step)).flatMap(alternatives)
  return nodes
}

/** What a schema, which is no union, says of a value one step down; none where it knows of no such value. */
export function child(node: SchemaNode, step: string | number): readonly SchemaNode[] {
  if (typeof step === 'number') return node.items ? [node.items] : []
  const named = node.properties && Object.hasOwn(node.properties, step) ? node.properties[step] : undefined
  const found = named ?? node.additionalProperties
  return typeof found === 'object' ? [found] : []
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a mapping',
  array: 'a list',
}

const KIND_WORDS: Partial<Readonly<Record<KindName, string>>> = {
  duration: 'a duration',
  'positive-duration': 'a duration',
  'positive-size': 'a size',
  status: 'a range of HTTP statuses',
  time: 'a time of day',
  'end-time': 'a time of day',
  cpu: 'a share of a core',
  rate: 'a rate',
}

/** "text or a list": what a value may be, for people. null is left out: it only says that a key is not set. */
export function wording(node: SchemaNode): string {
  const known = node['x-kind'] && KIND_WORDS[node['x-kind']]
  if (known) return known
  const words = alternatives(node).map((option) =>
    option.const === undefined ? TYPE_WORDS[option.type ?? ''] : JSON.stringify(option.const),
  )
  return [...new Set(words.filter((word) => word !== undefined))].join(' or ')
}

/** The options of a section, without those that are refused there. */
export function properties(node: SchemaNode): [string, SchemaNode][] {
  return Object.entries(node.properties ?? {}).filter(
    (entry): entry is [string, SchemaNode] => entry[1] !== false,
  )
}

/** The alternative that has keys of its own, of a section or of an option such as `ready`. */
export function sectionOf(node: SchemaNode): SchemaNode | undefined {
  return alternatives(node).find((option) => properties(option).length > 0)
}

/** The schema of one service, in the schema of the file. */
export function serviceNode(root: SchemaNode): SchemaNode {
  const services = root.properties?.['services']
  const node =
    services && alternatives(services).find((option) => option.type === 'object')?.additionalProperties
  if (typeof node !== 'object') throw new Error('the schema has no services')
  return node
}
