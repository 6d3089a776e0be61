/**
 * The options that a container's labels say: `wakedock.ready.path=/health` is the option `path` of `ready`. They become the
 * same plain values that a file would give, and are checked by the same schema and rules.
 */
import { parseDocument } from 'yaml'
import { retype } from './environment.ts'
import { Findings, formatPath } from './fault.ts'
import { checkPolicies } from './policy-rules.ts'
import type { DefaultsConfig } from './policy-schema.ts'
import { Problem } from './problem.ts'
import { checkRoutes } from './route-rules.ts'
import { configNode } from './schema-data.ts'
import { nodesAt, type Path } from './schema-node.ts'
import type { ServiceConfig } from './service-schema.ts'
import { validate } from './validate.ts'

const PREFIX = 'wakedock.'
/** Labels that are no options: whether there is a service, and what it is called. */
const OWN = new Set(['enable', 'name'])
/** The container is the target, whatever it says. */
const TARGETS = new Set(['container', 'containers', 'compose', 'process', 'url'])
/** Stands for the service in the document that is checked; its real name may not be a valid one. */
const SERVICE: Path = ['services', 'labelled']

export interface LabelReading {
  /** null: something is wrong, as the faults say. */
  readonly config: ServiceConfig | null
  /** Clauses such as "label wakedock.idle_timeut is not an option; did you mean idle_timeout?". */
  readonly faults: readonly string[]
  /** The same for what works, but probably not as meant. */
  readonly warnings: readonly string[]
}

/** Reads the labels of the container `name`. `defaults` are those of the file. */
export function readLabels(
  name: string,
  labels: Readonly<Record<string, string>>,
  defaults: DefaultsConfig,
): LabelReading {
  const findings = new LabelFindings('')
  const options: Record<string, unknown> = Object.create(null)
  const given = Object.entries(labels).flatMap(([label, value]) =>
    label.startsWith(PREFIX) ? [[label.slice(PREFIX.length).split('.'), value] as const] : [],
  )
  // Shorter ones first: what a longer one cannot stand beside is there already.
  for (const [path, value] of given.toSorted(([a], [b]) => a.length - b.length))
    if (!OWN.has(path.join('.'))) put(options, path, value, findings)
  const root = { services: { labelled: { ...options, container: name } }, defaults }
  const { whole, rest } = validate(root, [], findings)
  checkRoutes(rest, findings)
  checkPolicies(rest, findings)
  // Whoever may write labels does not choose which files of this machine are read.
  if (rest.services?.['labelled']?.tls?.ca_file !== undefined)
    findings.fault(
      [...SERVICE, 'tls', 'ca_file'],
      new Problem(
        'cannot stand in labels: it is a file of WakeDock',
        'set it in defaults, in the config file',
      ),
      'key',
    )
  const faults = findings.faults.map(clause)
  const config = faults.length === 0 ? whole?.services?.['labelled'] : undefined
  return { config: config ?? null, faults, warnings: findings.warnings.map(clause) }
}

function put(
  options: Record<string, unknown>,
  path: readonly string[],
  text: string,
  findings: Findings,
): void {
  const here = [...SERVICE, ...path]
  const refuse = (message: string, hint: string): void =>
    findings.fault(here, new Problem(message, hint), 'key')
  if (TARGETS.has(path[0] ?? ''))
    return refuse('cannot stand in labels: the service is the container itself', 'remove it')
  const value = valueOf(text, here)
  if (value instanceof Problem) return findings.fault(here, value)
  let section = options
  for (const step of path.slice(0, -1)) {
    const inner: unknown = (section[step] ??= Object.create(null))
    if (!isSection(inner))
      return refuse('stands beside a label that gives the whole of it', 'keep one of them')
    section = inner
  }
  section[path.at(-1) ?? ''] = value
}

/** A list where the schema has one, else of the type that the schema wants there; "[…" and "{…" are YAML. */
function valueOf(text: string, path: Path): unknown {
  const nodes = nodesAt(configNode, path)
  if (/^\s*[[{]/.test(text)) return parseFlow(text)
  // How a label undoes what `defaults` says.
  if ((text === '' || text === 'null') && nodes.some(({ type }) => type === 'null')) return null
  if (!nodes.some(({ type }) => type === 'array')) return retype(text, nodes)
  const items = text.split(',').map((item) => item.trim())
  return items.filter(Boolean).map((item) => retype(item, nodesAt(configNode, [...path, 0])))
}

function parseFlow(text: string): unknown {
  // The parser's own words may quote the value, and speak to programmers.
  const problem = new Problem('is not valid YAML', 'check its brackets and quotes')
  const document = parseDocument(text, { version: '1.2', prettyErrors: false })
  if (document.errors.length > 0) return problem
  try {
    return document.toJS()
  } catch {
    // Aliases of aliases without end.
    return problem
  }
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Names labels where the file's faults name lines. */
class LabelFindings extends Findings {
  override line(path: Path): string {
    return `label ${labelOf(formatPath(path))}`
  }
}

function clause({ path, message, hint }: { path: string; message: string; hint?: string }): string {
  return `label ${labelOf(path)} ${message}${hint === undefined ? '' : `; ${hint}`}`
}

function labelOf(path: string): string {
  return path.replace(`${formatPath(SERVICE)}.`, PREFIX)
}
