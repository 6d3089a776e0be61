/** What --help prints: made of the table of commands, and fit to the terminal. */
import { widthOf, type CliIo, type CommandHelp } from './command.ts'
import { pad, widthIn, wrap } from './text-width.ts'

type Terminal = Pick<CliIo, 'isTTY' | 'columns'>
type Entry = readonly [term: string, meaning: string]

/** Columns for the terms of a list; one that is longer has its meaning beneath it. */
const OPTION_WIDTH = 20
const COMMAND_WIDTH = 38
/** Columns that a meaning needs to stand beside its term. */
const BESIDE = 34
/** Longer lines are hard to read, however wide the window is. */
const WIDEST = 120

/** Every command in a line. */
export function overview(commands: readonly CommandHelp[], io: Terminal): string {
  const lines = [
    ...paragraph(
      'WakeDock: a reverse proxy that wakes a service when a request comes, and puts it to sleep when none does.',
      io,
    ),
    '',
    'Usage: wakedock COMMAND',
    '',
    ...list(
      commands.map(({ name, usage, summary }): Entry => [`${name} ${usage}`, summary]),
      COMMAND_WIDTH,
      io,
    ),
    '',
    ...paragraph('"wakedock COMMAND --help" says more. "wakedock --version" prints the version.', io),
  ]
  return `${lines.join('\n')}\n`
}

/** Everything about one. */
export function helpOf(command: CommandHelp, io: Terminal): string {
  const options = Object.entries(command.options).map(([name, { value, help }]): Entry => [
    `--${name}${value === undefined ? '' : ` ${value}`}`,
    help,
  ])
  const lines = [
    `Usage: wakedock ${command.name} ${command.usage}`,
    '',
    `  ${command.summary}`,
    '',
    ...(options.length === 0 ? [] : ['Options:', ...list(options, OPTION_WIDTH, io), '']),
    'Examples:',
    // An example is copied: it is never broken.
    ...command.examples.flatMap(([example, meaning]) => [`  ${example}`, ...paragraph(meaning, io, 6)]),
  ]
  for (const text of command.notes?.split(/\n+/u) ?? []) lines.push('', ...paragraph(text, io))
  return `${lines.join('\n')}\n`
}

function list(entries: readonly Entry[], width: number, io: Terminal): string[] {
  const columns = Math.min(WIDEST, widthOf(io))
  return entries.flatMap(([term, meaning]) => {
    if (columns < 2 + width + BESIDE) return [`  ${term}`, ...paragraph(meaning, io, 6)]
    const [first = '', ...more] = wrap(meaning, columns - 2 - width)
    const rest = more.map((line) => `${' '.repeat(2 + width)}${line}`)
    if (widthIn(term) >= width) return [`  ${term}`, `${' '.repeat(2 + width)}${first}`, ...rest]
    return [`  ${pad(term, width)}${first}`, ...rest]
  })
}

function paragraph(text: string, io: Terminal, indent = 0): string[] {
  const columns = Math.min(WIDEST, widthOf(io)) - indent
  return wrap(text, columns).map((line) => `${' '.repeat(indent)}${line}`)
}
