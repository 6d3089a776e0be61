/** What the completion scripts of all shells are made of, and the words they share. */
import type { CommandHelp, OptionSpec } from './command.ts'

/** What can be offered for the value of an option. */
export type Offer =
  | { readonly kind: 'files' }
  | { readonly kind: 'list'; readonly words: readonly string[] }
  | { readonly kind: 'nothing' }

export interface OptionSummary {
  /** With its dashes. */
  readonly name: string
  readonly help: string
  /** null: it takes no value. */
  readonly value: { readonly name: string; readonly offer: Offer } | null
}

export interface CommandSummary {
  readonly name: string
  readonly summary: string
  readonly options: readonly OptionSummary[]
  /** What its one argument may be; null: it takes none. */
  readonly argument: 'services' | readonly string[] | null
}

/** What every command takes. */
const HELP: OptionSummary = { name: '--help', help: 'print how it is used', value: null }

/** `help` among them, which takes the others. */
export function summarize(commands: readonly CommandHelp[]): CommandSummary[] {
  const all = commands.map(({ name, summary, options, positionals, choices }): CommandSummary => ({
    name,
    summary,
    options: [...Object.entries(options).map(([option, spec]) => optionOf(option, spec)), HELP],
    argument: positionals[1] === 0 ? null : (choices ?? 'services'),
  }))
  const names = all.map(({ name }) => name)
  return [...all, { name: 'help', summary: 'print how a command is used', options: [], argument: names }]
}

function optionOf(name: string, { type, value = 'VALUE', help, list }: OptionSpec): OptionSummary {
  if (type === 'boolean') return { name: `--${name}`, help, value: null }
  const offer: Offer =
    list !== undefined
      ? { kind: 'list', words: list }
      : value === 'FILE'
        ? { kind: 'files' }
        : { kind: 'nothing' }
  return { name: `--${name}`, help, value: { name: value, offer } }
}

/** In single quotes, for bash and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
