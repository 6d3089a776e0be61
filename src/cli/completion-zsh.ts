/** The completion script for zsh: to be sourced, or a file called _wakedock in a folder of $fpath. */
import type { CommandHelp } from './command.ts'
import { quoted, summarize, type CommandSummary, type OptionSummary } from './completion-spec.ts'

export function zshScript(commands: readonly CommandHelp[]): string {
  const all = summarize(commands)
  return `#compdef wakedock
# Completion of wakedock for zsh, made by "wakedock completion zsh".

_wakedock_services() {
  local -a where names
  local i
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
      --admin | --token-file) where+=("\${(Q)words[i]}" "\${(Q)words[i + 1]}") ;;
      --admin=* | --token-file=*) where+=("\${(Q)words[i]}") ;;
    esac
  done
  names=(\${(f)"$($program completion services $where 2>/dev/null)"})
  (($#names)) && _describe -t services service names
}

_wakedock() {
  local program=\${(Q)words[1]}
  local -a commands
  if ((CURRENT == 2)); then
    commands=(
${all.map(({ name, summary }) => `      ${quoted(`${name}:${summary}`)}`).join('\n')}
    )
    _describe -t commands command commands
    _arguments '--help[print how it is used]' '--version[print the version]'
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${all.map(commandCase).join('\n')}
  esac
}

if [[ $funcstack[1] == _wakedock ]]; then
  _wakedock "$@"
else
  compdef _wakedock wakedock
fi
`
}

function commandCase({ name, options, argument }: CommandSummary): string {
  const specs = options.map(optionSpec)
  if (argument === 'services') specs.push(quoted('1:service:_wakedock_services'))
  else if (argument !== null) specs.push(quoted(`1:what:(${argument.join(' ')})`))
  return [
    `    ${name})`,
    '      _arguments \\',
    specs.map((spec) => `        ${spec}`).join(' \\\n'),
    '      ;;',
  ].join('\n')
}

function optionSpec({ name, help, value }: OptionSummary): string {
  const what = `[${help.replaceAll(/[[\]\\]/gu, String.raw`\$&`)}]`
  if (value === null) return quoted(`${name}${what}`)
  const { offer } = value
  const action =
    offer.kind === 'files'
      ? '_files'
      : offer.kind === 'list'
        ? `_sequence compadd - ${offer.words.join(' ')}`
        : ' '
  return quoted(`${name}=${what}:${value.name}:${action}`)
}
