/** The completion script for fish, from 3.0 on. */
import type { CommandHelp } from './command.ts'
import { summarize, type CommandSummary, type OptionSummary } from './completion-spec.ts'

export function fishScript(commands: readonly CommandHelp[]): string {
  const all = summarize(commands)
  return `# Completion of wakedock for fish, made by "wakedock completion fish".

function __wakedock_is --description 'Whether this command is being written; "": none yet'
    set -l words (commandline -opc)
    test "$words[2]" = "$argv[1]"
end

function __wakedock_wants_argument --description 'Whether the argument of this command is being written'
    __wakedock_is $argv[1]; or return 1
    string match --quiet -- '-*' (commandline -ct); and return 1
    set -l words (commandline -opc)
    set -l skip 0
    for word in $words[3..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word ${takingValues(all)}
            set skip 1
        else if not string match --quiet -- '-*' $word
            return 1
        end
    end
end

function __wakedock_services
    set -l words (commandline -opc)
    set -l where
    for i in (seq 2 (count $words))
        switch $words[$i]
            case --admin --token-file
                set -a where $words[$i] $words[(math $i + 1)]
            case '--admin=*' '--token-file=*'
                set -a where $words[$i]
        end
    end
    $words[1] completion services $where 2>/dev/null
end

complete -c wakedock -f
complete -c wakedock -n '__wakedock_is ""' -l help -d 'print how it is used'
complete -c wakedock -n '__wakedock_is ""' -l version -d 'print the version'
${all.map(({ name, summary }) => `complete -c wakedock -n '__wakedock_is ""' -a ${name} -d ${quoted(summary)}`).join('\n')}
${all.flatMap(commandLines).join('\n')}
`
}

function commandLines({ name, options, argument }: CommandSummary): string[] {
  const lines = options.map((option) => optionLine(name, option))
  if (argument === null) return lines
  const words = argument === 'services' ? '(__wakedock_services)' : argument.join(' ')
  return [...lines, `complete -c wakedock -n '__wakedock_wants_argument ${name}' -a ${quoted(words)}`]
}

function optionLine(command: string, { name, help, value }: OptionSummary): string {
  const line = `complete -c wakedock -n '__wakedock_is ${command}' -l ${name.slice(2)} -d ${quoted(help)}`
  if (value === null) return line
  const { offer } = value
  if (offer.kind === 'files') return `${line} -r -F`
  if (offer.kind === 'list') return `${line} -x -a ${quoted(`(__fish_append , ${offer.words.join(' ')})`)}`
  return `${line} -x`
}

function takingValues(commands: readonly CommandSummary[]): string {
  const names = commands.flatMap(({ options }) =>
    options.flatMap(({ name, value }) => (value === null ? [] : [name])),
  )
  return [...new Set(names)].join(' ')
}

/** In single quotes, where fish knows \\\\ and \\'. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/gu, String.raw`\$&`)}'`
}
