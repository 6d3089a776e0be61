/**
 * The config file for people to look at from outside: as it is written, with nothing replaced from the environment, and without
 * the secrets in it. What is not known to be harmless is left out: a value that no schema describes is taken for a secret.
 */
import { parseDocument } from 'yaml'
import { configNode } from './schema-data.ts'
import { alternatives, child, type SchemaNode } from './schema-node.ts'

export const REDACTED = '[redacted]'

/** A reference and nothing else shows where a secret comes from; a default beside it may be the secret itself. */
const REFERENCE = /^\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)(?<fallback>:-.*)?\}$/s
/** RFC 3986 section 3.2.1: "https://user:password@host". */
const USERINFO = /(?<=\/\/)[^/?#@\s]*@/g
/** Options of these names are secrets wherever they stand, should the schema forget to say so. */
const SECRET_NAMES = new Set<string | number>(['token', 'secret', 'password', 'authorization'])

/**
 * Plain JSON. `text` must have been accepted by loadConfigText: it is read again here, as keeping only the text costs the least.
 * Aliases and merges are resolved; keys are in the order of the file.
 */
export function redactedDocument(text: string): unknown {
  const document = parseDocument(text, { merge: true, version: '1.2', prettyErrors: false })
  // As many aliases as the loader lets pass; it bounds the values.
  const root: unknown = document.toJS({ maxAliasCount: -1 })
  return show(root ?? {}, [configNode])
}

/** `declared`: the schemas of this place, any of which may be a union. */
function show(value: unknown, declared: readonly SchemaNode[]): unknown {
  if (value === null) return null
  if (declared.length === 0 || declared.some(isMarked)) return redact(value)
  if (typeof value === 'string') return value.replaceAll(USERINFO, `${REDACTED}@`)
  const nodes = declared.flatMap(alternatives)
  return each(value, (inner, key) =>
    SECRET_NAMES.has(key)
      ? redact(inner)
      : show(
          inner,
          nodes.flatMap((node) => child(node, key)),
        ),
  )
}

/** A union is a secret as a whole, or because one of its alternatives is. */
function isMarked(node: SchemaNode): boolean {
  return node['x-secret'] === true || (node.anyOf?.some(isMarked) ?? false)
}

/** The whole of it, however deep; the names within stay. */
function redact(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return each(value, redact)
  const { name, fallback } = REFERENCE.exec(String(value))?.groups ?? {}
  if (name === undefined) return REDACTED
  return fallback === undefined ? `\${${name}}` : `\${${name}:-${REDACTED}}`
}

function each(value: unknown, of: (child: unknown, key: string | number) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown, index) => of(item, index))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, of(child, key)]))
}
