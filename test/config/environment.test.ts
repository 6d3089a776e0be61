/** `${NAME}` in strings, and what becomes of the text at its place. */
import fc from 'fast-check'
import t from 'tap'
import { retype, substitute } from '../../src/config/environment.ts'
import type { SchemaNode } from '../../src/config/schema-node.ts'

const ENV = { HOST: 'example.com', EMPTY: '', DOLLARS: '${HOST}$$' }

const SUBSTITUTIONS: readonly [title: string, source: string, text: string, variables: readonly string[]][] =
  [
    ['a variable', '${HOST}', 'example.com', ['HOST']],
    ['several, within text', 'a.${HOST}:${PORT:-80}', 'a.example.com:80', ['HOST', 'PORT']],
    ['an empty variable is empty', '[${EMPTY}]', '[]', ['EMPTY']],
    ['a default for an empty variable', '${EMPTY:-x}', 'x', ['EMPTY']],
    ['no default for a set one', '${HOST:-x}', 'example.com', ['HOST']],
    ['an empty default', '${NONE:-}', '', ['NONE']],
    ['a default with a colon, a dash and a line', '${NONE:-a:-b\nc}', 'a:-b\nc', ['NONE']],
    ['two dollar signs are one', '$${HOST} $$$$', '${HOST} $$', []],
    ['other dollar signs stay', '$HOST $5 $', '$HOST $5 $', []],
    ['a value is not looked through again', '${DOLLARS}', '${HOST}$$', ['DOLLARS']],
  ]

t.test('references are replaced', (t) => {
  for (const [title, source, text, variables] of SUBSTITUTIONS)
    t.strictSame(substitute(source, ENV), { text, variables, problems: [] }, title)
  t.end()
})

t.test('what every object has is not a variable', (t) => {
  t.equal(substitute('${constructor}', ENV).problems.length, 1)
  t.equal(substitute('${toString:-x}', ENV).text, 'x')
  t.end()
})

t.test('text without a dollar sign stays as it is, and every text can be written', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { text: result, variables, problems } = substitute(text.replaceAll('$', '$$$$'), ENV)
      return result === text && variables.length === 0 && problems.length === 0
    }),
  )
  t.end()
})

const INTEGER: SchemaNode = { type: 'integer' }
const BOOLEAN: SchemaNode = { type: 'boolean' }
const TEXT: SchemaNode = { type: 'string' }
const NOTHING: SchemaNode = { type: 'null' }
const TYPES: readonly [text: string, nodes: readonly SchemaNode[], value: unknown][] = [
  ['8080', [INTEGER], 8080],
  ['-1', [INTEGER], -1],
  ['8080', [{ anyOf: [INTEGER, NOTHING] }], 8080],
  ['8080', [INTEGER, TEXT], '8080'],
  ['1e3', [INTEGER], '1e3'],
  ['true', [BOOLEAN], true],
  ['false', [BOOLEAN], false],
  ['yes', [BOOLEAN], 'yes'],
  ['true', [TEXT], 'true'],
  ['', [INTEGER, NOTHING], null],
  ['', [TEXT, NOTHING], ''],
  ['', [INTEGER], ''],
  ['x', [], 'x'],
]

t.test('text takes the type of its place, where it is one of that type', (t) => {
  for (const [text, nodes, value] of TYPES)
    t.equal(retype(text, nodes), value, `${text} as ${JSON.stringify(nodes)}`)
  t.end()
})
