/**
 * The commented example, made from the schema: descriptions become comments, examples become values.
 */
import { flow, ORIGIN } from './flow.ts'
import { properties, sectionOf, serviceNode, type SchemaNode } from './schema-node.ts'

const WIDTH = 100
/** Shown in services of their own: a service has one target. */
const OTHER_TARGETS = new Set(['containers', 'compose', 'process', 'url'])

/** wakedock.yaml: every key with its comment and an example of its value. Loading it gives no fault. */
export function exampleText(root: SchemaNode): string {
  const all = properties(root).filter(([key]) => key !== 'services')
  const { services } = Object.fromEntries(properties(root))
  const service = properties(serviceNode(root))
  const targetLines = (target: string): string[] =>
    service.filter(([key]) => key === target).flatMap(([key, node]) => keyLines(key, node, 2))
  const lines = [
    '# yaml-language-server: $schema=./wakedock.schema.json',
    ...comment(
      `Every key of wakedock.yaml, with an example of its value. A useful file needs only the services. ${ORIGIN}`,
      0,
    ),
    '',
    ...joinWithGaps(all.map(([key, node]) => keyLines(key, node, 0))),
    '',
    ...comment(services?.description ?? '', 0),
    'services:',
    ...comment('A container, with all that can be said of a service.', 1),
    '  blog:',
    ...joinWithGaps(
      service.filter(([key]) => !OTHER_TARGETS.has(key)).map(([key, node]) => keyLines(key, node, 2)),
    ),
    '',
    ...comment('What only other services need has no hosts.', 1),
    '  db:',
    '    container: postgres',
    '',
    ...comment('Several containers that are one service.', 1),
    '  shop:',
    '    hosts: shop.example.com',
    ...targetLines('containers'),
    '',
    ...comment('A project of Docker Compose.', 1),
    '  cloud:',
    '    hosts: cloud.example.com',
    ...targetLines('compose'),
    '',
    ...comment('A local program.', 1),
    '  notes:',
    '    hosts: notes.example.com',
    ...targetLines('process'),
    '    port: 3001',
    '',
    ...comment('Something that is always on.', 1),
    '  nas:',
    '    hosts: nas.example.com',
    ...targetLines('url'),
  ]
  return `${lines.join('\n')}\n`
}

function joinWithGaps(blocks: readonly string[][]): string[] {
  return blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]))
}

/** The comment and the value of one key; a section in block style, key by key. */
function keyLines(key: string, node: SchemaNode, depth: number): string[] {
  const pad = '  '.repeat(depth)
  const section = sectionOf(node)
  const lead = [...comment(node.description ?? '', depth), ...comment(defaultSentence(node), depth)]
  if (section && key !== 'defaults')
    return [
      ...lead,
      `${pad}${key}:`,
      ...properties(section).flatMap(([name, child]) => keyLines(name, child, depth + 1)),
    ]
  const example = node.examples?.[0]
  if (!node.items || !sectionOf(node.items) || !Array.isArray(example))
    return [...lead, `${pad}${key}: ${flow(example)}`]
  const fields = properties(sectionOf(node.items) ?? {}).flatMap(([name, child]) =>
    comment([`${name}: ${child.description}`, defaultSentence(child)].filter(Boolean).join(' '), depth),
  )
  return [...lead, ...fields, `${pad}${key}:`, ...example.map((item) => `${pad}  - ${flow(item)}`)]
}

function defaultSentence(node: SchemaNode): string {
  return node.default === undefined || node.default === null ? '' : `Default: ${flow(node.default)}.`
}

/** Wrapped at WIDTH. */
function comment(text: string, depth: number): string[] {
  const pad = `${'  '.repeat(depth)}#`
  const lines: string[] = []
  let line = pad
  for (const word of text.split(' ')) {
    if (line !== pad && line.length + word.length + 1 > WIDTH) {
      lines.push(line)
      line = pad
    }
    line += ` ${word}`
  }
  return text === '' ? [] : [...lines, line]
}
