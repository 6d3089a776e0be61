/**
 * Where the config file is: --config, else $WAKEDOCK_CONFIG, else the first of the usual places that exists.
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CliError, stringOption, type Arguments, type CliIo, type OptionSpec } from './command.ts'

export const CONFIG_OPTION: OptionSpec = {
  type: 'string',
  value: 'FILE',
  help: 'the config file; default $WAKEDOCK_CONFIG, ./wakedock.yaml, /etc/wakedock/wakedock.yaml',
}

/**
 * A file that was named is taken as it is: when it does not exist, the loader says so under the name that was given.
 * Throws CliError when none was named and none is found.
 */
export function findConfig(args: Arguments, io: Pick<CliIo, 'env' | 'cwd'>): string {
  const named = stringOption(args, 'config') ?? io.env['WAKEDOCK_CONFIG']
  if (named) return resolve(io.cwd, named)
  const places = [join(io.cwd, 'wakedock.yaml'), '/etc/wakedock/wakedock.yaml']
  const found = places.find((place) => existsSync(place))
  if (found !== undefined) return found
  throw new CliError(
    `there is no config file. Looked at:\n${places.map((place) => `  ${place}`).join('\n')}\nName one with --config FILE or $WAKEDOCK_CONFIG.`,
  )
}
