/**
 * The config schema as plain data, for everything at run time. Generated from schema.ts, which says why.
 */
import data from './schema.generated.json' with { type: 'json' }
import { isNode, serviceNode, type SchemaNode } from './schema-node.ts'

const plain: unknown = data
if (!isNode(plain)) throw new Error('the generated schema is damaged: run npm run schema')

export const configNode: SchemaNode = plain

/** The names of all options of a service. */
export const SERVICE_OPTIONS: readonly string[] = Object.keys(serviceNode(configNode).properties ?? {})
