/**
 * What a subcommand is: a table entry with its options, its help and the function that runs it. Commands get the world
 * as a parameter, so that tests run them in-process; they answer with an exit code and never end the process.
 */
import { nearest } from '../config/spelling.ts'

export interface Output {
  write(text: string): void
}

/** The outside of a command. */
export interface CliIo {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of standard output. */
  readonly isTTY: boolean
  /** Width of the terminal; ignored when there is none. */
  readonly columns: number
  readonly cwd: string
  /** Milliseconds since the epoch. */
  now(): number
}

export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  /** What stands for the value in the help: FILE. */
  readonly value?: string
  readonly help: string
}

export interface Arguments {
  /** As given on the command line: a string option's value, true for a flag. */
  readonly options: ReadonlyMap<string, string | true>
  readonly positionals: readonly string[]
}

export interface Command<Io extends CliIo = CliIo> {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** After the name: "SERVICE [--wait]". */
  readonly usage: string
  readonly options: Readonly<Record<string, OptionSpec>>
  /** How many positional arguments it takes. */
  readonly positionals: readonly [min: number, max: number]
  readonly examples: readonly (readonly [command: string, meaning: string])[]
  /** More that somebody needs to know, as paragraphs. */
  readonly notes?: string
  /** Resolves to the exit code: 0 done, 1 refused or failed. Throws CliError, UsageError. */
  run(args: Arguments, io: Io): Promise<number>
}

/** Refused or failed: exit code 1. The message says what to do. */
export class CliError extends Error {
  override readonly name: string = 'CliError'
}

/** Called wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

/** The value of a string option; undefined where it was not given. */
export function stringOption(args: Arguments, name: string): string | undefined {
  const value = args.options.get(name)
  return typeof value === 'string' ? value : undefined
}

/** Whether a flag was given. */
export function flag(args: Arguments, name: string): boolean {
  return args.options.get(name) === true
}

/** Colour is for a terminal whose user has not refused it (no-color.org: set and not empty). */
export function wantsColor(io: Pick<CliIo, 'env' | 'isTTY'>): boolean {
  return io.isTTY && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb'
}

/** `; did you mean X?`, or nothing where no known word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant === undefined ? '' : `; did you mean ${meant}?`
}
