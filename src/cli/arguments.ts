/**
 * Reads a command's arguments by its table of options. node:util's parseArgs finds the tokens; what they mean is decided
 * here, because its own complaints know no "did you mean".
 */
import { parseArgs } from 'node:util'
import { didYouMean, UsageError, type Arguments, type Command } from './command.ts'

/** Throws UsageError. */
export function readArguments(command: Omit<Command, 'run'>, argv: readonly string[]): Arguments {
  const specs = command.options
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(Object.entries(specs).map(([name, { type }]) => [name, { type }])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const options = new Map<string, string | true>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (spec === undefined) {
      const known = Object.keys(specs).map((known) => `--${known}`)
      throw new UsageError(
        `${rawName} is not an option of "wakedock ${command.name}"${didYouMean(rawName, known)}`,
      )
    }
    if (spec.type === 'boolean' && value !== undefined) throw new UsageError(`${rawName} takes no value`)
    if (spec.type === 'string' && !value)
      throw new UsageError(`${rawName} needs a value: ${rawName} ${spec.value}`)
    options.set(name, value ?? true)
  }
  const [min, max] = command.positionals
  const { choices } = command
  if (positionals.length < min) {
    const what = choices === undefined ? 'the name of a service' : `one of ${choices.join(', ')}`
    throw new UsageError(`"wakedock ${command.name}" needs ${what}`)
  }
  if (positionals.length > max) {
    const file = 'config' in specs ? `; name a file with --config ${positionals[max]}` : ''
    throw new UsageError(`"wakedock ${command.name}" does not take the argument "${positionals[max]}"${file}`)
  }
  const wrong = choices && positionals.find((word) => !choices.includes(word))
  if (choices !== undefined && wrong !== undefined) {
    const meant = didYouMean(wrong, choices) || `; it takes one of ${choices.join(', ')}`
    throw new UsageError(`"wakedock ${command.name}" does not take "${wrong}"${meant}`)
  }
  return { options, positionals }
}
