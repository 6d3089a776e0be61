/** The completion scripts, run by the shells they are for: bash always, zsh and fish where they are installed. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startAdmin, TOKENS } from '../helpers/admin.ts'
import { fakeIo, run } from '../helpers/cli.ts'
import { dispatch } from '../../src/cli/dispatch.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { EVENT_TYPES } from '../../src/cli/event-sentences.ts'

const NAMES = [...Object.keys(COMMANDS), 'help']

/** A folder with the script, some files, and one for what the daemon is asked: the shells get a function instead of the program. */
async function folder(t: Test, shell: string): Promise<string> {
  const { out } = await run(`completion ${shell}`)
  return t.testdir({
    script: out,
    'token.txt': '',
    'two words.txt': '',
    asked: '',
  })
}

/** What a line, of which everything up to the cursor is given, may go on with. */
interface Case {
  readonly line: string
  readonly offers: readonly string[]
  /** What the daemon is asked with. Default: nothing. */
  readonly asked?: string
}

const CLIENT = ['--admin', '--token-file', '--json']
const CASES: readonly Case[] = [
  { line: 'wakedock un', offers: ['unpin'] },
  { line: 'wakedock wa', offers: ['wake'] },
  { line: 'wakedock nonsense ', offers: [] },
  { line: 'wakedock wake ', offers: ['blog', 'shop'], asked: 'completion services' },
  { line: 'wakedock wake b', offers: ['blog'], asked: 'completion services' },
  { line: 'wakedock wake --wait s', offers: ['shop'], asked: 'completion services' },
  {
    line: 'wakedock logs --admin http://127.0.0.1:9090 --token-file=t ',
    offers: ['blog', 'shop'],
    asked: 'completion services --admin http://127.0.0.1:9090 --token-file=t',
  },
  { line: 'wakedock pin blog --for ', offers: [] },
  { line: 'wakedock wake --w', offers: ['--wait'] },
  { line: 'wakedock completion z', offers: ['zsh'] },
  { line: 'wakedock help un', offers: ['unpin'] },
  { line: 'wakedock check --config tok', offers: ['token.txt'] },
]

function check(
  t: Test,
  cases: readonly Case[],
  complete: (line: string) => { offers: string[]; asked: string },
) {
  for (const { line, offers, asked = '' } of cases) {
    const result = complete(line)
    t.same(result.offers.toSorted(), offers.toSorted(), line)
    t.equal(result.asked, asked, `${line}: what the daemon is asked`)
  }
}

t.test('bash', async (t) => {
  const cwd = await folder(t, 'bash')
  const harness = `
    source ./script
    wakedock() { echo "$*" > asked; printf 'blog\\nshop\\n'; }
    COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=() COMP_CWORD=0
    _wakedock 2> errors
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const complete = (line: string) => {
    writeFileSync(join(cwd, 'asked'), '')
    const { stdout, status } = spawnSync('bash', ['--norc', '-c', `${harness}; cat asked`, '-', line], {
      cwd,
      encoding: 'utf8',
    })
    t.equal(status, 0)
    const lines = stdout
      .trim()
      .split('\n')
      .filter((text) => text !== '')
    const asked = lines.find((text) => text.startsWith('completion services')) ?? ''
    return { offers: lines.filter((text) => text !== asked), asked }
  }
  check(t, CASES, complete)
  check(
    t,
    [
      { line: 'wakedock ', offers: [...NAMES, '--help', '--version'] },
      { line: 'wakedock wake blog ', offers: [...CLIENT, '--wait', '--help'] },
      { line: 'wakedock reload ', offers: [...CLIENT, '--check', '--help'] },
      { line: 'wakedock check --config=tok', offers: ['token.txt'] },
      { line: 'wakedock events --types ', offers: EVENT_TYPES },
      {
        line: 'wakedock events --types woke,sl',
        offers: ['woke,sleep_started', 'woke,sleep_failed', 'woke,slept'],
      },
    ],
    complete,
  )
})

t.test('bash: the script leaves nothing behind but its functions, and is one that it can read', async (t) => {
  const cwd = await folder(t, 'bash')
  const names = 'source ./script; complete -p wakedock; compgen -A function'
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-euc', names], { cwd, encoding: 'utf8' })
  t.equal(stderr, '')
  t.equal(stdout, 'complete -F _wakedock wakedock\n_wakedock\n_wakedock_services\n')
})

const installed = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0
const without = (shell: string) => (installed(shell) ? false : `${shell} is not installed`)

t.test('fish', { skip: without('fish') }, async (t) => {
  const cwd = await folder(t, 'fish')
  const harness = `
    source ./script
    function wakedock; echo "$argv" > asked; printf 'blog\\nshop\\n'; end
    complete -C $argv[1]; echo asked; cat asked`
  check(t, CASES, (line) => {
    writeFileSync(join(cwd, 'asked'), '')
    const { stdout } = spawnSync('fish', ['--no-config', '-c', harness, line], { cwd, encoding: 'utf8' })
    const [offers = '', asked = ''] = stdout.split('asked\n')
    // A tab, and what it means.
    const words = offers.split('\n').map((text) => text.split('\t', 1)[0] ?? '')
    return { offers: words.filter((text) => text !== ''), asked: asked.trim() }
  })
})

t.test('zsh', { skip: without('zsh') }, async (t) => {
  const cwd = await folder(t, 'zsh')
  // What the script tells zsh's own functions is written down; what they make of it is theirs.
  const harness = `
    compdef() { :; }
    source ./script
    wakedock() { echo "$*" > asked; printf 'blog\\nshop\\n'; }
    _describe() { local -a of=("\${(@P)@[-1]}"); print -rl -- "\${(@)of%%:*}"; }
    _arguments() { print -rl -- "$@" > specs; [[ "$*" != *_wakedock_services* ]] || _wakedock_services; }
    words=("\${(@s: :)1}") CURRENT=$#words
    _wakedock`
  const complete = (line: string) => {
    writeFileSync(join(cwd, 'asked'), '')
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', harness, '-', line], { cwd, encoding: 'utf8' })
    t.equal(stderr, '')
    return stdout.trim().split('\n')
  }
  t.same(complete('wakedock '), NAMES)
  t.same(complete('wakedock wake '), ['blog', 'shop'])
  t.same(complete('wakedock logs --tail 5 b'), ['blog', 'shop'])
})

t.test('the names of services are those of the daemon', async (t) => {
  const { url } = await startAdmin(t, { tokens: TOKENS })
  const env = { WAKEDOCK_TOKEN: 'read-secret' }
  t.same(await run(`completion services --admin ${url}`, { env }), { code: 0, out: 'blog\nshop\n', err: '' })
})

t.test('there are none, without a word, where the daemon does not help', { timeout: 8000 }, async (t) => {
  const { url } = await startAdmin(t, { tokens: TOKENS })
  const nothing = { code: 0, out: '', err: '' }
  t.same(await run(`completion services --admin ${url}`), nothing, 'no token')
  t.same(await run('completion services --admin nonsense'), nothing)
  t.same(await run('completion services --admin unix:/no/such.sock'), nothing)

  const silent = createServer().listen(0, '127.0.0.1')
  t.teardown(() => silent.close())
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const io = fakeIo()
  const asked = once(silent, 'connection')
  const ended = dispatch(['completion', 'services', '--admin', `http://127.0.0.1:${port}`], io)
  await asked
  await io.clock.advance(1000)
  t.same({ code: await ended, out: io.out, err: io.err }, nothing, 'a second is enough')
})
