/**
 * From the words of a command line to an exit code: which command, its help, and what is said when it is used wrongly.
 * Commands are loaded when they are used: `wakedock status` has no need of the daemon's libraries.
 */
import { readArguments } from './arguments.ts'
import { didYouMean, CliError, UsageError, type Command } from './command.ts'
import type { ServeIo } from './serve.ts'

const COMMANDS: Readonly<Record<string, () => Promise<{ command: Command<ServeIo> }>>> = {
  serve: () => import('./serve.ts'),
  check: () => import('./check.ts'),
  status: () => import('./status.ts'),
  wake: () => import('./wake.ts'),
  sleep: () => import('./sleep.ts'),
  pin: () => import('./pin.ts'),
  unpin: () => import('./unpin.ts'),
}

/** Runs a command line (without the program's name). Resolves to the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function dispatch(argv: readonly string[], io: ServeIo): Promise<number> {
  try {
    return await run(argv, io)
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`wakedock: ${error.message}\nSee "wakedock --help".\n`)
      return 2
    }
    if (error instanceof CliError) {
      io.stderr.write(`wakedock: ${error.message}\n`)
      return 1
    }
    throw error
  }
}

async function run(argv: readonly string[], io: ServeIo): Promise<number> {
  const [first = 'serve', ...others] = argv
  if (first === '--version' || first === '-V') {
    io.stdout.write(`wakedock ${io.version}\n`)
    return 0
  }
  if (first === '--help' || first === '-h' || (first === 'help' && others.length === 0)) {
    io.stdout.write(await overview())
    return 0
  }
  if (first === 'help') return run([...others.slice(0, 1), '--help'], io)
  // An option first belongs to the default command: `wakedock --config blog.yaml`.
  const [name, rest] = first.startsWith('-') ? ['serve', argv] : [first, others]
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) {
    throw new UsageError(`"${name}" is not a command${didYouMean(name, Object.keys(COMMANDS))}`)
  }
  const { command } = await load()
  // A file may be called like a command.
  const late = argv.slice(first === '--config' ? 2 : 1).find((word) => Object.hasOwn(COMMANDS, word))
  if (rest === argv && late !== undefined)
    throw new UsageError(`the command comes first: wakedock ${late} ${first} …`)
  if (rest.includes('--help') || rest.includes('-h')) {
    io.stdout.write(helpOf(command))
    return 0
  }
  return command.run(readArguments(command, rest), io)
}

async function overview(): Promise<string> {
  const lines = [
    'WakeDock: a reverse proxy that wakes a service when a request comes, and puts it to sleep when none does.',
    '',
    'Usage: wakedock COMMAND',
    '',
  ]
  for (const load of Object.values(COMMANDS)) {
    const { command } = await load()
    lines.push(`  ${`${command.name} ${command.usage}`.padEnd(36)}${command.summary}`)
  }
  lines.push('', '"wakedock COMMAND --help" says more. "wakedock --version" prints the version.')
  return `${lines.join('\n')}\n`
}

function helpOf(command: Command<ServeIo>): string {
  const lines = [
    `Usage: wakedock ${command.name} ${command.usage}`,
    '',
    `  ${command.summary}`,
    '',
    'Options:',
  ]
  for (const [name, { value, help }] of Object.entries(command.options)) {
    lines.push(`  ${`--${name}${value === undefined ? '' : ` ${value}`}`.padEnd(20)}${help}`)
  }
  lines.push('', 'Examples:')
  for (const [example, meaning] of command.examples) lines.push(`  ${example}`, `      ${meaning}`)
  if (command.notes !== undefined) lines.push('', command.notes)
  return `${lines.join('\n')}\n`
}
