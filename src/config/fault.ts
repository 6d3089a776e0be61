/**
 * Faults: what is wrong in a config file, where, and what to do. The collector here is the one place that turns the path of
 * an option into a line and a column, and that decides whether a remedy may quote the file.
 */
import { Places, type Position } from './places.ts'
import type { Problem } from './problem.ts'
import type { Path } from './schema-node.ts'

export interface Fault {
  /** The config file, as it was named. */
  readonly file: string
  /** Counted from 1; 0 where the file could not be read at all. */
  readonly line: number
  readonly column: number
  /** `services.blog.hosts[0]`; empty for the file as a whole. */
  readonly path: string
  /** Completes the path to a sentence. */
  readonly message: string
  /** The remedy. */
  readonly hint?: string
}

/** One line: `wakedock.yaml:12:5 services.blog.idle_timeut is not an option; did you mean idle_timeout?` */
export function formatFault(fault: Fault): string {
  const place = fault.line === 0 ? fault.file : `${fault.file}:${fault.line}:${fault.column}`
  const sentence = fault.path ? `${fault.path} ${fault.message}` : fault.message
  return `${place} ${sentence}${fault.hint === undefined ? '' : `; ${fault.hint}`}`
}

/** `services.blog.hosts[0]`. No name of ours has ":" or "=": what follows one may be a secret (`token:abc`), and is cut. */
export function formatPath(path: Path): string {
  let result = ''
  for (const step of path)
    result += typeof step === 'number' ? `[${step}]` : `${result && '.'}${step.replace(/(?<=[:=]).*$/s, '…')}`
  return result
}

/** Collects the faults and warnings of one reading of one file. */
export class Findings {
  readonly places = new Places()
  readonly #file: string
  readonly #faults: Fault[] = []
  readonly #warnings: Fault[] = []

  constructor(file: string) {
    this.#file = file
  }

  /**
   * A fault of the option at `path`. `at` key: of its name, not of its value. Where the value came from the environment,
   * the hint names the variable instead of what the parser advised, which may quote the value.
   */
  fault(path: Path, problem: Problem, at: 'key' | 'value' = 'value'): void {
    this.#faults.push(this.#make(path, problem, at))
  }

  /** Something that works, but probably not as meant. */
  warn(path: Path, problem: Problem): void {
    this.#warnings.push(this.#make(path, problem, 'value'))
  }

  /** A fault of the text itself, before there are options. */
  faultAt(position: Position, problem: Problem): void {
    this.#faults.push(this.#build('', position, problem.message, problem.hint))
  }

  /** In the order of the file. */
  get faults(): readonly Fault[] {
    return this.#faults.toSorted(inFileOrder)
  }

  get warnings(): readonly Fault[] {
    return this.#warnings.toSorted(inFileOrder)
  }

  /** " (line 4)", to point at another place of the same file. */
  line(path: Path): string {
    return `${formatPath(path)} (line ${this.places.position(path, 'value').line})`
  }

  #make(path: Path, problem: Problem, at: 'key' | 'value'): Fault {
    const variables = this.places.variables(path)
    const hint =
      variables.length > 0 && at === 'value'
        ? `see the environment variable ${variables.join(', ')}`
        : problem.hint
    return this.#build(formatPath(path), this.places.position(path, at), problem.message, hint)
  }

  #build(path: string, { line, column }: Position, message: string, hint: string | undefined): Fault {
    return { file: this.#file, line, column, path, message, ...(hint !== undefined && { hint }) }
  }
}

function inFileOrder(a: Fault, b: Fault): number {
  return a.line - b.line || a.column - b.column
}
