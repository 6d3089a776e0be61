/**
 * What a mistake against the schema is called, and what to do about it. One sentence a rule, in the words of the config
 * file: no word of JSON Schema reaches a person.
 */
import { conversion } from './conversion.ts'
import { habit } from './habits.ts'
import { comesLater } from './later.ts'
import { NAME_RULE } from './names.ts'
import { Problem } from './problem.ts'
import { wording, type Path, type SchemaNode } from './schema-node.ts'
import { SERVICE_OPTIONS } from './schema-data.ts'
import { nearest } from './spelling.ts'

/** An error of ajv, with the place it belongs to. */
export interface Mistake {
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
  /** The schema that has the keyword. */
  readonly node: SchemaNode
  readonly data: unknown
  readonly path: Path
}

export interface Explanation {
  readonly path: Path
  readonly at: 'key' | 'value'
  readonly problem: Problem
}

/** Undefined where the mistake is only the shadow of another one that is reported. */
export function explain(mistake: Mistake): Explanation | undefined {
  const { keyword, params, path, node, data } = mistake
  const here = (message: string, hint?: string): Explanation => ({
    path,
    at: 'value',
    problem: new Problem(message, hint),
  })
  switch (keyword) {
    case 'x-kind':
      return params['problem'] instanceof Problem
        ? { path, at: 'value', problem: params['problem'] }
        : undefined
    case 'additionalProperties':
      return unknownOption(mistake, String(params['additionalProperty']))
    case 'propertyNames':
      return badName(path, String(params['propertyName']))
    case 'required':
    case 'dependencies':
      return missing(path, String(params['missingProperty']), node)
    case 'oneOf':
      return notOne(path, node, data)
    case 'false schema':
      return refused(path)
    case 'type':
    case 'anyOf':
    case 'const':
      return wrongType(mistake)
    case 'enum':
      return wrongChoice(mistake)
    case 'minItems':
      return here('is an empty list', 'give it at least one')
    case 'minProperties': {
      const keys = Object.keys(node.properties ?? {})
      return here(
        `needs ${new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(keys)}`,
        'add one of them',
      )
    }
    case 'minLength':
      return here('is empty', 'give it a value, or remove the key')
    case 'minimum':
    case 'maximum':
      return here(`must be ${range(node)}`)
    default:
      return here('is not valid here', node.description)
  }
}

/** The option that was probably meant by a key that is none; undefined where none is near. Of "token:abc", token. */
export function meantBy(key: string, node: SchemaNode): string | undefined {
  return nearest(key.replace(/[:=].*$/s, ''), Object.keys(node.properties ?? {}))
}

function unknownOption({ path: parent, node, data }: Mistake, key: string): Explanation {
  const path = [...parent, key]
  const say = (message: string, hint: string): Explanation => ({
    path,
    at: 'key',
    problem: new Problem(message, hint),
  })
  const near = meantBy(key, node)
  const inService = parent[0] === 'services' && parent.length === 2
  if (comesLater(parent, key)) return say('is not known to this version of WakeDock yet', 'remove it')
  if (parent[0] === 'defaults' && parent.length === 1 && SERVICE_OPTIONS.includes(key))
    return say('cannot have a default', 'write it in each service')
  if (parent.length === 0 && SERVICE_OPTIONS.includes(key))
    return say('is an option of a service', 'move it into one, under services, or into defaults')
  if (parent.length === 0 && looksLikeService(data, key))
    return say('is not an option', 'if it is a service, indent it, under services')
  const glued = gluedBy(key)
  if (glued) return say('is not an option', glued)
  if (near) return say('is not an option', `did you mean ${near}?`)
  const remedy = inService ? habit(key) : undefined
  if (remedy) return say('is not an option', remedy)
  const options = `the options here are ${Object.keys(node.properties ?? {}).join(', ')}`
  // Name and token may have been swapped (`- s3cret: ops`): such a key is not repeated in a log.
  if ((parent[0] === 'admin' && parent[1] === 'tokens') || parent[0] === 'webhooks')
    return { path: parent, at: 'key', problem: new Problem('has a key that is not an option', options) }
  return say('is not an option', options)
}

/** A value that was written onto its key: `token:abc` and `token=abc` are each one long key to YAML. */
function gluedBy(key: string): string | undefined {
  if (key.includes(':')) return 'write a space after the colon'
  return key.includes('=') ? 'write ": " instead of "="' : undefined
}

function looksLikeService(data: unknown, key: string): boolean {
  const value: unknown =
    typeof data === 'object' && data !== null ? Object.getOwnPropertyDescriptor(data, key)?.value : undefined
  if (typeof value !== 'object' || value === null) return false
  return Object.keys(value).some((option) => SERVICE_OPTIONS.includes(option))
}

function badName(parent: Path, name: string): Explanation {
  const path = [...parent, name]
  const [message, rule] =
    parent.length === 1
      ? ['is not a service name', NAME_RULE]
      : ['is not the name of an environment variable', 'use letters, digits and "_", no digit first']
  const problem = new Problem(message, gluedBy(name) ?? rule)
  return { path, at: 'key', problem }
}

function missing(path: Path, key: string, node: SchemaNode): Explanation {
  const option = node.properties?.[key]
  const example = option ? alternativesExample(option) : undefined
  const hint = example === undefined ? undefined : `add it, for example ${key}: ${example}`
  return { path, at: 'key', problem: new Problem(`needs ${key}`, hint) }
}

function alternativesExample(node: SchemaNode): string | undefined {
  const example = node.examples?.[0]
  const single: unknown = Array.isArray(example) && node.anyOf ? example[0] : example
  return single === undefined ? undefined : JSON.stringify(single)
}

/** Each alternative of a oneOf names the one option that it requires: container, url or another target; token or token_file. */
function notOne(path: Path, node: SchemaNode, data: unknown): Explanation | undefined {
  const options = (node.oneOf ?? []).flatMap((option) => option.required ?? [])
  if (typeof data !== 'object' || data === null) return undefined
  const keys = Object.keys(data)
  const present = options.filter((option) => keys.includes(option))
  const list = new Intl.ListFormat('en-GB', { type: present.length > 0 ? 'conjunction' : 'disjunction' })
  const problem =
    present.length === 0
      ? new Problem(`needs one of ${list.format(options)}`, 'add exactly one of them')
      : new Problem(`has ${list.format(present)}`, 'keep exactly one of them')
  return { path, at: 'key', problem }
}

function refused(path: Path): Explanation {
  const key = path.at(-1)
  const problem =
    key === 'PORT'
      ? new Problem("is set by WakeDock from the service's port", 'remove it here')
      : key === 'port' || key === 'scheme'
        ? new Problem('cannot stand beside url', `write the ${key} into the url`)
        : new Problem('means nothing for a url, which is always on', 'remove it')
  return { path, at: 'key', problem }
}

function wrongType({ path, node, data, keyword, params }: Mistake): Explanation {
  const here = (message: string, hint?: string): Explanation => ({
    path,
    at: 'value',
    problem: new Problem(message, hint),
  })
  if (path.length === 0)
    return here(
      data === null ? 'the file is empty' : 'the file must be a mapping',
      'start it with "services:"',
    )
  if (data === null) return here('has no value', 'give it one, or remove the key')
  // Beside a union's type the error is about this alternative alone; a kind has a word of its own.
  const type = keyword === 'type' && !node['x-kind'] ? params['type'] : undefined
  const words = wording(typeof type === 'string' ? { type } : node)
  return here(`must be ${words}`, conversion(words, data))
}

function wrongChoice({ path, node, data }: Mistake): Explanation {
  const choices = (node.enum ?? []).map(String)
  const near = typeof data === 'string' ? nearest(data, choices) : undefined
  const list = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(choices)
  return { path, at: 'value', problem: new Problem(`must be ${list}`, near && `did you mean ${near}?`) }
}

function range({ minimum, maximum }: SchemaNode): string {
  return maximum === undefined ? `${minimum} or more` : `between ${minimum} and ${maximum}`
}
