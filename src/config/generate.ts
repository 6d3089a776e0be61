/**
 * The files that are made from the schema: its plain data, the editors' JSON Schema, the example with every key, and the
 * reference page. Pure text; `config/generate.ts` writes it, and a test compares it with what is there.
 */
import { exampleText } from './example.ts'
import { referenceText } from './reference.ts'
import { configSchema } from './schema.ts'
import type { SchemaNode } from './schema-node.ts'

/** The generated files: path in the repository, and text. */
export function generated(): Readonly<Record<string, string>> {
  const root: SchemaNode = JSON.parse(JSON.stringify(configSchema))
  return {
    'src/config/schema.generated.json': json(root, []),
    // Strict validators refuse keywords that they do not know.
    'config/wakedock.schema.json': json(root, ['x-kind', 'x-secret']),
    'config/wakedock.yaml': exampleText(root),
    'config/README.md': referenceText(root),
  }
}

function json(root: SchemaNode, without: readonly string[]): string {
  const text = JSON.stringify(root, (key, value: unknown) => (without.includes(key) ? undefined : value), 2)
  return `${text}\n`
}
