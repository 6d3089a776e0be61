/**
 * `wakedock reload`: has the running daemon read its config file again, and says what has changed, or why nothing has. With --check
 * it only asks. Unlike `wakedock check` it is the daemon that reads: its file, with its environment and its rights.
 */
import { CLIENT_OPTIONS, createClient, type Client } from './client.ts'
import { CliError, flag, type CliIo, type Command } from './command.ts'
import { ApiError } from './refusals.ts'

/** It has most likely seen the change before this command did. */
const NOTHING =
  'nothing has changed since the daemon last read the file, which it also does by itself when that changes'

export const command: Command = {
  name: 'reload',
  summary: 'have the daemon read its config file again',
  usage: '[--check]',
  options: {
    ...CLIENT_OPTIONS,
    check: { type: 'boolean', help: 'only say what would change, and whether the file is valid' },
  },
  positionals: [0, 0],
  examples: [
    ['wakedock reload', 'put the file in force; requests under way are not disturbed'],
    ['wakedock reload --check', 'what that would change'],
    ['wakedock reload --check && wakedock reload', 'only if there are no faults'],
  ],
  notes:
    'Prints what has changed. A file with faults changes nothing: they are printed as FILE:LINE:COLUMN, and the exit code is 1. It takes a token of the scope operate.\n\nThe daemon reloads by itself when the file changes, and on SIGHUP. "wakedock check" reads a file without a daemon.',
  async run(args, io) {
    const client = await createClient(args, io)
    const json = flag(args, 'json')
    try {
      return await (flag(args, 'check') ? check(client, io, json) : reload(client, io, json))
    } finally {
      await client.close()
    }
  },
}

async function reload(client: Client, io: CliIo, json: boolean): Promise<number> {
  try {
    const { changed } = await client.reload()
    if (json) io.stdout.write(`${JSON.stringify({ changed }, null, 2)}\n`)
    else if (changed.length === 0) io.stdout.write(`reloaded: ${NOTHING}\n`)
    else io.stdout.write(`reloaded:\n${indented(changed)}`)
    return 0
  } catch (error) {
    if (!(error instanceof ApiError) || error.faults.length === 0) throw error
    throw new CliError(
      `the config was not reloaded, and nothing has changed:\n${indented(error.faults).trimEnd()}`,
    )
  }
}

async function check(client: Client, io: CliIo, json: boolean): Promise<number> {
  const result = await client.validate()
  if (json) io.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  if (!result.ok) {
    if (json) return 1
    throw new CliError(
      `the config has faults; a reload would change nothing:\n${indented(result.faults).trimEnd()}`,
    )
  }
  if (json) return 0
  for (const warning of result.warnings) io.stderr.write(`warning: ${warning}\n`)
  if (result.changes.length === 0) io.stdout.write('valid: a reload would change nothing\n')
  else io.stdout.write(`valid; a reload would mean:\n${indented(result.changes)}`)
  return 0
}

function indented(sentences: readonly string[]): string {
  return sentences.map((sentence) => `  ${sentence}\n`).join('')
}
