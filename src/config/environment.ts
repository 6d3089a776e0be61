/**
 * `${NAME}` in the strings of a config file. Replaced after YAML has been parsed, so that a value can be any text and never
 * changes the structure of the file: a password with ": " or "#" in it stays a password.
 */
import { Problem } from './problem.ts'
import { alternatives, type SchemaNode } from './schema-node.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Substitution {
  readonly text: string
  /** Names of the variables it came from, also where a default was used. */
  readonly variables: readonly string[]
  readonly problems: readonly Problem[]
}

const REFERENCE = /\$\$|\$\{(?<body>[^}]*)\}|\$\{/g
const BODY = /^(?<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?<fallback>.*))?$/s

/**
 * Replaces `${NAME}`, `${NAME:-default}` (used where NAME is unset or empty, as in a shell) and `$$` (a dollar sign). Any
 * other dollar sign stays as it is. An unset variable without a default is a problem; an empty one is empty.
 */
export function substitute(source: string, env: Environment): Substitution {
  const variables: string[] = []
  const problems: Problem[] = []
  const text = source.replaceAll(REFERENCE, (match: string, body: string | undefined) => {
    if (match === '$$') return '$'
    const { name, fallback } = BODY.exec(body ?? '')?.groups ?? {}
    if (name === undefined) {
      problems.push(
        new Problem(
          'has a "${" that names no variable',
          'write ${NAME} or ${NAME:-default}, and $${ for the characters',
        ),
      )
      return match
    }
    variables.push(name)
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (fallback !== undefined) return value || fallback
    if (value === undefined)
      problems.push(
        new Problem(
          `needs the environment variable ${name}, which is not set`,
          `set it, or write \${${name}:-default}`,
        ),
      )
    return value ?? ''
  })
  return { text, variables, problems }
}

/**
 * Text from the environment as the type that the schema wants at its place: "8080" where only a number can stand is a
 * number. Where text is allowed it stays text, and what fits nothing stays text for the schema to refuse.
 */
export function retype(text: string, nodes: readonly SchemaNode[]): unknown {
  const types = new Set(nodes.flatMap(alternatives).map((node) => node.type))
  if (types.has('string')) return text
  if (types.has('integer') && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  return types.has('null') && text === '' ? null : text
}
