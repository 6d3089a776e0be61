/** What is wrong with a request that its route's schema refuses, as a sentence with a remedy instead of ajv's own words. */

/** One of ajv's error objects, as far as it is used. */
interface Finding {
  readonly keyword: string
  readonly instancePath: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string
}

const PLACES: Readonly<Record<string, string>> = {
  querystring: 'parameter',
  body: 'field of the body',
}

/**
 * `error`: what fastify has thrown. `schema`: that of the route, for the names that it does take. null: it is about something
 * else.
 */
export function explainInvalid(error: Error, schema: unknown): string | null {
  if (!('validation' in error) || !('validationContext' in error)) return null
  const [finding]: readonly (Finding | undefined)[] = Array.isArray(error.validation) ? error.validation : []
  const context = String(error.validationContext)
  const place = PLACES[context]
  if (finding === undefined || place === undefined) return null
  const { keyword, params, instancePath, message } = finding
  const name = instancePath.slice(1)
  switch (keyword) {
    case 'additionalProperties': {
      const known = namesIn(schema, context)
      const remedy = known.length === 0 ? 'there is none here' : `there is ${known.join(', ')}`
      return `"${shortened(params['additionalProperty'])}" is no ${place}; ${remedy}.`
    }
    case 'required':
      return `The ${place} "${shortened(params['missingProperty'])}" is missing. Add it.`
    case 'enum':
      return `The ${place} "${name}" must be ${list(params['allowedValues'])}, and given once.`
    case 'type':
      return name === ''
        ? 'Send the body as a JSON object, or none.'
        : `The ${place} "${name}" must be ${shortened(params['type'])}, and given once.`
    default:
      return `The ${place} "${name}" ${message ?? 'is not valid'}.`
  }
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map(String).join(' or ') : 'another'
}

/** It comes from the client, and goes back to it. */
function shortened(value: unknown): string {
  const text = typeof value === 'string' ? value : ''
  return text.length > 50 ? `${text.slice(0, 50)}…` : text
}

function namesIn(schema: unknown, context: string): string[] {
  const part = property(schema, context)
  return Object.keys(property(part, 'properties') ?? {})
}

function property(of: unknown, name: string): object | null {
  if (typeof of !== 'object' || of === null) return null
  const found: unknown = Reflect.get(of, name)
  return typeof found === 'object' ? found : null
}
