/**
 * `wakedock completion SHELL`: a script that completes commands, options and the names of services. It is made of the table of
 * commands, so that it cannot fall behind; only for the names it asks the daemon, each time.
 */
import { CLIENT_OPTIONS, createClient } from './client.ts'
import { CliError, type Arguments, type CliIo, type Command, type CommandHelp } from './command.ts'
import { bashScript } from './completion-bash.ts'
import { fishScript } from './completion-fish.ts'
import { zshScript } from './completion-zsh.ts'

const { json: _json, ...WHERE } = CLIENT_OPTIONS

const SCRIPTS: Readonly<Record<string, (commands: readonly CommandHelp[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** Milliseconds. Somebody has pressed a key and waits; without the names there is still everything else. */
const PATIENCE = 1_000

export const command: Command = {
  name: 'completion',
  summary: 'print a script for a shell',
  usage: 'bash | zsh | fish',
  options: WHERE,
  positionals: [1, 1],
  choices: [...Object.keys(SCRIPTS), 'services'],
  examples: [
    ['wakedock completion bash > /etc/bash_completion.d/wakedock', 'bash, for everybody (as root)'],
    ['wakedock completion zsh > "${fpath[1]}/_wakedock"', 'zsh; it is there in the next shell'],
    ['wakedock completion fish > ~/.config/fish/completions/wakedock.fish', 'fish'],
    ['source <(wakedock completion bash)', 'bash, this shell only'],
  ],
  notes:
    'The names of services come from the daemon, through "wakedock completion services", with the address and the token of the command line or the environment; when it does not answer within a second there are none.',
  async run(args, io, commands) {
    const [what = ''] = args.positionals
    const script = Object.hasOwn(SCRIPTS, what) ? SCRIPTS[what] : undefined
    if (script !== undefined) io.stdout.write(script(await commands()))
    else for (const name of await serviceNames(args, io)) io.stdout.write(`${name}\n`)
    return 0
  },
}

/** Empty when they cannot be had: a complaint would land in the middle of what is being typed. */
async function serviceNames(args: Arguments, io: CliIo): Promise<string[]> {
  const late = Promise.withResolvers<null>()
  const timer = io.setTimer(PATIENCE, () => late.resolve(null))
  try {
    const client = await createClient(args, io)
    try {
      const asked = client.list()
      // When it is late, how it ends is of no interest.
      asked.catch(() => undefined)
      const answer = await Promise.race([asked, late.promise])
      return answer?.services.map(({ name }) => name) ?? []
    } finally {
      await client.close()
    }
  } catch (error) {
    if (error instanceof CliError) return []
    throw error
  } finally {
    timer.cancel()
  }
}
