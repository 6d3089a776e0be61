/**
 * The reference page, made from the schema.
 */
import { flow, ORIGIN } from './flow.ts'
import { properties, sectionOf, serviceNode, type SchemaNode } from './schema-node.ts'

const PREAMBLE = `# wakedock.yaml, key by key

<!-- ${ORIGIN} -->

The smallest useful file:

\`\`\`yaml
services:
  blog:
    hosts: blog.example.com
    container: ghost
\`\`\`

[wakedock.yaml](wakedock.yaml) shows every key with an example. \`wakedock check\` tells what is wrong in a file, with line and
column. For completion and checks while you type, put this on the file's first line (VS Code and others with the YAML
language server); the path is the one to [wakedock.schema.json](wakedock.schema.json):

\`\`\`yaml
# yaml-language-server: $schema=./wakedock.schema.json
\`\`\`

**Durations** are written \`500ms\`, \`30s\`, \`15m\`, \`2h\` or \`1h30m\`, at most 24 days. **Sizes** are written \`64KiB\` (1024 bytes each)
or \`10MB\` (1000 * 1000). A bare number has no unit and is refused; only \`0\` needs none.

**Environment:** in any value, \`\${NAME}\` is replaced by the environment variable NAME, and \`\${NAME:-default}\` by the default where
NAME is unset or empty. \`$$\` is one dollar sign. An unset variable without a default is a fault.

**Limits that are not options:** the target of a request and the names and values of its headers may have 64 KiB together, in any number (431 beyond
it), and 150 seconds to arrive, counted from the opening of a new connection (408); so long idle connections are kept, which is longer than
Caddy keeps its own. A connection may have 100 unanswered requests; with one more it is cut. How many connections there
may be is up to the operating system (\`ulimit -n\`, systemd's \`LimitNOFILE=\`): each client takes one, and each of its requests
another one to the service; an eighth of them, at least 64, is kept free of clients. There is no limit to the size of bodies and to the time that they take.

**Everything is checked.** An unknown key, a host and path used twice, a container in two services or a circle in depends_on: the
file is refused as a whole, with the place and the remedy of every fault.
`

/** README.md: one table a section, with defaults. */
export function referenceText(root: SchemaNode): string {
  const top = properties(root)
  const plain = top.filter(([key, node]) => key === 'defaults' || !sectionOf(node))
  const sections = top.filter(([key, node]) => key !== 'defaults' && sectionOf(node))
  const service = serviceNode(root)
  const options = Object.fromEntries(properties(service))
  const parts = [
    PREAMBLE,
    chapter('Top level', '', plain, root),
    ...sections.flatMap(([key, node]) => sectionChapters(key, node)),
    ...plain.flatMap(([key, { items }]) =>
      items && sectionOf(items)
        ? [chapter(`${key}[]`, items.description ?? '', properties(items), items)]
        : [],
    ),
    chapter('services.NAME', service.description ?? '', properties(service), service),
    ...['process', 'tls', 'ready', 'waiting', 'ignore', 'schedule', 'busy'].flatMap((key) => {
      const { items } = options[key] ?? {}
      const section = sectionOf(items ?? options[key] ?? {})
      const title = `services.NAME.${key}${items ? '[]' : ''}`
      return section ? [chapter(title, section.description ?? '', properties(section), section)] : []
    }),
  ]
  return parts.join('\n')
}

/** A section, and after it the lists of mappings in it. */
function sectionChapters(key: string, node: SchemaNode): string[] {
  const chapters = [chapter(key, node.description ?? '', properties(node), node)]
  for (const [name, { items }] of properties(node))
    if (items && sectionOf(items))
      chapters.push(chapter(`${key}.${name}[]`, items.description ?? '', properties(items), items))
  return chapters
}

function chapter(
  title: string,
  text: string,
  keys: readonly [string, SchemaNode][],
  parent: SchemaNode,
): string {
  const rows = keys.map(([key, node]) => {
    const fallback = parent.required?.includes(key)
      ? 'required'
      : node.default === undefined
        ? ''
        : code(flow(node.default))
    return `| \`${key}\` | ${node.default === null ? '' : fallback} | ${cell(node)} |`
  })
  const heading = title === 'Top level' ? title : `\`${title}\``
  return [
    `## ${heading}`,
    '',
    ...(text ? [text, ''] : []),
    '| key | default | meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function cell(node: SchemaNode): string {
  const example = node.examples?.[0]
  const same = JSON.stringify(example) === JSON.stringify(node.default)
  const shown =
    example === undefined || same || typeof example === 'boolean' || (node.items && sectionOf(node.items))
  return `${(node.description ?? '').replaceAll('|', '\\|')}${shown ? '' : ` Example: ${code(flow(example))}`}`
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``
}
