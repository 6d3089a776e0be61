/**
 * From the words of a command line to an exit code: which command, its help, and what is said when it is used wrongly.
 */
import { readArguments } from './arguments.ts'
import { didYouMean, CliError, UsageError } from './command.ts'
import { allCommands, COMMANDS } from './commands.ts'
import type { ServeIo } from './serve.ts'

/** Runs a command line (without the program's name). Resolves to the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function dispatch(argv: readonly string[], io: ServeIo): Promise<number> {
  // What is said with a complaint: how it is used, and where more is told.
  let usage = 'Usage: wakedock COMMAND\nSee "wakedock --help".'
  try {
    return await run(argv, io, (name, of) => {
      usage = `Usage: wakedock ${name} ${of}\nSee "wakedock ${name} --help".`
    })
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof CliError)) throw error
    // Loaded only now: the daemon comes through here as well, and has no use for it.
    const { complain } = await import('./complain.ts')
    const isUsage = error instanceof UsageError
    complain(io, isUsage ? `${error.message}\n${usage}` : error.message)
    return isUsage ? 2 : 1
  }
}

/** `found`: called with the command once it is known. */
async function run(
  argv: readonly string[],
  io: ServeIo,
  found: (name: string, usage: string) => void,
): Promise<number> {
  const [first = 'serve', ...others] = argv
  if (first === '--version' || first === '-V') {
    io.stdout.write(`wakedock ${io.version}\n`)
    return 0
  }
  if (first === '--help' || first === '-h' || (first === 'help' && others.length === 0)) {
    const { overview } = await import('./help.ts')
    io.stdout.write(overview(await allCommands(), io))
    return 0
  }
  if (first === 'help') return run([...others.slice(0, 1), '--help'], io, found)
  // An option first belongs to the default command: `wakedock --config blog.yaml`.
  const [name, rest] = first.startsWith('-') ? ['serve', argv] : [first, others]
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) {
    throw new UsageError(`"${name}" is not a command${didYouMean(name, [...Object.keys(COMMANDS), 'help'])}`)
  }
  const { command } = await load()
  // A file may be called like a command.
  const late = argv.slice(first === '--config' ? 2 : 1).find((word) => Object.hasOwn(COMMANDS, word))
  if (rest === argv && late !== undefined)
    throw new UsageError(`the command comes first: wakedock ${late} ${first} …`)
  found(command.name, command.usage)
  if (rest.includes('--help') || rest.includes('-h')) {
    const { helpOf } = await import('./help.ts')
    io.stdout.write(helpOf(command, io))
    return 0
  }
  return command.run(readArguments(command, rest), io, allCommands)
}
