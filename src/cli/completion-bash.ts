/** The completion script for bash, from 3.2 (macOS) on; it needs nothing of the package bash-completion. */
import type { CommandHelp } from './command.ts'
import { quoted, summarize, type CommandSummary, type OptionSummary } from './completion-spec.ts'

export function bashScript(commands: readonly CommandHelp[]): string {
  const all = summarize(commands)
  const options = new Map(all.flatMap((command) => command.options.map((option) => [option.name, option])))
  return `# Completion of wakedock for bash, made by "wakedock completion bash".

_wakedock_services() {
  local where=() i
  for ((i = 1; i < \${#words[@]}; i++)); do
    case \${words[i]} in
      --admin | --token-file) where+=("\${words[i]}" "\${words[i + 1]}") ;;
      --admin=* | --token-file=*) where+=("\${words[i]}") ;;
    esac
  done
  "\${words[0]}" completion services "\${where[@]}" 2>/dev/null
}

_wakedock() {
  # Not COMP_WORDS: bash breaks addresses at every colon.
  local IFS=$' \\t\\n' line=\${COMP_LINE:0:COMP_POINT} words=() cur= option= given=0 i
  read -ra words <<<"$line"
  if [[ $line != *[[:space:]] ]]; then
    i=$((\${#words[@]} - 1))
    cur=\${words[i]}
    unset "words[i]"
  fi
  COMPREPLY=()

  if ((\${#words[@]} == 1)); then
    COMPREPLY=($(compgen -W ${quoted([...all.map(({ name }) => name), '--help', '--version'].join(' '))} -- "$cur"))
    return
  fi

  # The value of an option: "--tail 5", "--tail=5".
  if [[ $cur == --*=* ]]; then
    option=\${cur%%=*}
    cur=\${cur#*=}
  else
    option=\${words[\${#words[@]} - 1]}
  fi
  case $option in
${[...options.values()].flatMap(valueCase).join('\n')}
  esac

  # Whether its argument is there already.
  for ((i = 2; i < \${#words[@]}; i++)); do
    case \${words[i]} in
      ${takingValues(options)}) ((i++)) ;;
      -*) ;;
      *) given=1 ;;
    esac
  done

  local options= arguments=
  case \${words[1]} in
${all.map(commandCase).join('\n')}
  esac
  if [[ $cur == -* || -z $arguments ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$arguments" -- "$cur"))
  fi
}

complete -F _wakedock wakedock
`
}

function valueCase({ name, value }: OptionSummary): string[] {
  if (value === null) return []
  const lines = [`    ${name})`]
  if (value.offer.kind === 'files')
    lines.push('      compopt -o filenames 2>/dev/null', '      COMPREPLY=($(compgen -f -- "$cur"))')
  if (value.offer.kind === 'list') {
    lines.push(
      '      compopt -o nospace 2>/dev/null',
      '      local before=',
      '      [[ $cur == *,* ]] && before=${cur%,*},',
      `      COMPREPLY=($(compgen -P "$before" -W ${quoted(value.offer.words.join(' '))} -- "\${cur##*,}"))`,
    )
  }
  return [...lines, '      return', '      ;;']
}

function takingValues(options: ReadonlyMap<string, OptionSummary>): string {
  return [...options.values()].flatMap(({ name, value }) => (value === null ? [] : [name])).join(' | ')
}

function commandCase({ name, options, argument }: CommandSummary): string {
  const words = `options=${quoted(options.map((option) => option.name).join(' '))}`
  const offered = argument === 'services' ? '$(_wakedock_services)' : quoted(argument?.join(' ') ?? '')
  // The daemon is asked only when the answer is wanted.
  const wanted = argument === null ? '' : ` [[ $given == 1 || $cur == -* ]] || arguments=${offered};`
  return `    ${name}) ${words};${wanted} ;;`.replace(/; ;;$/u, ' ;;')
}
