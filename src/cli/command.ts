/**
 * What a subcommand is: a table entry with its options, its help and the function that runs it. Commands get the world
 * as a parameter, so that tests run them in-process; they answer with an exit code and never end the process.
 */
import { nearest } from '../config/spelling.ts'

export interface Output {
  write(text: string): void
}

/** Signals that a command may take in its own hands; the others, and those it leaves alone, end the process as everywhere. */
export type SignalName = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

/** The outside of a command. */
export interface CliIo {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of standard output. */
  readonly isTTY: boolean
  /** Of standard error: progress is for a person who watches. */
  readonly stderrIsTTY: boolean
  /** Size of the terminal now; 0: not known (serial lines, `docker exec -t` at first). Ignored where there is none. */
  readonly columns: number
  readonly rows: number
  readonly cwd: string
  /** Of this program. */
  readonly version: string
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls back once, after `delay` milliseconds. Keeps the process alive until then. */
  setTimer(delay: number, callback: () => void): { cancel(): void }
  /** Calls back at every such signal, which then no longer ends the process. */
  onSignal(name: SignalName, callback: () => void): void
  /** Calls back when the size of the terminal has changed. */
  onResize(callback: () => void): void
  /** Calls back when the process is about to stop (Ctrl-Z), and when it goes on. */
  onPause(stopping: () => void, goingOn: () => void): void
  /** Calls back when the process ends, in whatever way it does that it can notice. */
  onEnd(callback: () => void): void
}

export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  /** What stands for the value in the help: FILE. The completion offers files for that very word. */
  readonly value?: string
  readonly help: string
  /** Words the value is made of, with commas in between. */
  readonly list?: readonly string[]
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
  /** What an argument may be. Default: the name of a service. */
  readonly choices?: readonly string[]
  readonly examples: readonly (readonly [command: string, meaning: string])[]
  /** More that somebody needs to know, as paragraphs. */
  readonly notes?: string
  /**
   * Resolves to the exit code: 0 done, 1 refused or failed, 128 and the number of the signal that ended it. Throws CliError,
   * UsageError. `commands`: all of them, for those that tell of others.
   */
  run(args: Arguments, io: Io, commands: () => Promise<readonly CommandHelp[]>): Promise<number>
}

/** A command as it is told of. */
export type CommandHelp = Omit<Command, 'run'>

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

/**
 * Colour is for a terminal whose user has not refused it (no-color.org: set and not empty), or for whoever insists on it
 * (force-color.org; "0" and "false" refuse it, as with Node and npm). Who insists wins, as with Node.
 */
export function wantsColor({ env, isTTY }: Pick<CliIo, 'env' | 'isTTY'>): boolean {
  const forced = env['FORCE_COLOR']
  if (forced) return forced !== '0' && forced !== 'false'
  return isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

/** Whether what was written can be written over: a dumb terminal shows the sequences that do it. */
export function canRedraw(io: Pick<CliIo, 'env'>, isTTY: boolean): boolean {
  return isTTY && io.env['TERM'] !== 'dumb'
}

/** Columns that a line may have: those of the terminal; Infinity where there is none, or it does not know them. */
export function widthOf({ isTTY, columns }: Pick<CliIo, 'isTTY' | 'columns'>): number {
  return isTTY && columns > 0 ? columns : Infinity
}

/** `; did you mean X?`, or nothing where no known word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant === undefined ? '' : `; did you mean ${meant}?`
}
