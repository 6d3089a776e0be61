/** The command line: help, wrong usage with a suggestion, and where the config file is looked for. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readArguments } from '../../src/cli/arguments.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { command as sleep } from '../../src/cli/sleep.ts'
import { findConfig } from '../../src/cli/config-path.ts'
import { run } from '../helpers/cli.ts'

t.test('--version', async (t) => {
  t.same(await run('--version'), { code: 0, out: 'wakedock 1.2.3\n', err: '' })
  t.same(await run('-V'), { code: 0, out: 'wakedock 1.2.3\n', err: '' })
})

t.test('--help lists every command', async (t) => {
  for (const line of ['--help', '-h', 'help']) {
    const { code, out, err } = await run(line)
    t.equal(code, 0)
    t.equal(err, '')
    for (const name of Object.keys(COMMANDS)) t.match(out, new RegExp(`^ {2}${name} `, 'mu'))
  }
})

for (const name of Object.keys(COMMANDS)) {
  t.test(`${name} --help shows its options and examples`, async (t) => {
    const help = await run(`${name} --help`)
    t.equal(help.code, 0)
    t.match(help.out, new RegExp(`^Usage: wakedock ${name} `, 'u'))
    t.match(help.out, /\nOptions:\n {2}--\w/u)
    t.match(help.out, new RegExp(`\nExamples:\n {2}wakedock ${name}`, 'u'))
    t.same(await run(`help ${name}`), help)
  })
}

const WRONG: readonly (readonly [line: string, complaint: string])[] = [
  ['statsu', '"statsu" is not a command; did you mean status?'],
  ['frobnicate', '"frobnicate" is not a command'],
  ['constructor', '"constructor" is not a command'],
  ['status --jsno', '--jsno is not an option of "wakedock status"; did you mean --json?'],
  ['status --toString', '--toString is not an option of "wakedock status"'],
  ['wake blog --force', '--force is not an option of "wakedock wake"'],
  ['status -x', '-x is not an option of "wakedock status"'],
  ['status --token secret', '--token is not an option of "wakedock status"'],
  ['wake', '"wakedock wake" needs the name of a service'],
  ['pin', '"wakedock pin" needs the name of a service'],
  ['pin blog 2h', '"wakedock pin" does not take the argument "2h"'],
  ['pin blog --for', '--for needs a value: --for DURATION'],
  ['pin blog --for 2', '--for has no unit: write 2s for seconds or 2m for minutes'],
  ['pin blog --for 2H', '--for is not a duration: write 2h'],
  ['pin blog --for 0', '--for must be longer than 0: write it like 500ms, 30s or 15m'],
  ['unpin blog --for 2h', '--for is not an option of "wakedock unpin"'],
  ['unpn blog', '"unpn" is not a command; did you mean unpin?'],
  ['wake blog shop', '"wakedock wake" does not take the argument "shop"'],
  ['check --config', '--config needs a value: --config FILE'],
  ['check --config=', '--config needs a value: --config FILE'],
  ['status --json=yes', '--json takes no value'],
  ['--confg x', '--confg is not an option of "wakedock serve"; did you mean --config?'],
  ['--admin http://a status', 'the command comes first: wakedock status --admin …'],
  ['--json status', 'the command comes first: wakedock status --json …'],
  ['--config a.yaml check', 'the command comes first: wakedock check --config …'],
  [
    'check blog.yaml',
    '"wakedock check" does not take the argument "blog.yaml"; name a file with --config blog.yaml',
  ],
  ['help statsu', '"statsu" is not a command; did you mean status?'],
  ['hlep', '"hlep" is not a command; did you mean help?'],
  ['events --types wok', '"wok" is no type of event; did you mean woke?'],
  ['completion', '"wakedock completion" needs one of bash, zsh, fish, services'],
  ['completion fihs', '"wakedock completion" does not take "fihs"; did you mean fish?'],
  [
    'completion powershell',
    '"wakedock completion" does not take "powershell"; it takes one of bash, zsh, fish, services',
  ],
]

for (const [line, complaint] of WRONG) {
  t.test(`"wakedock ${line}" is wrong usage`, async (t) => {
    const { code, out, err } = await run(line)
    t.same({ code, out }, { code: 2, out: '' })
    const [first, usage, more, end] = err.split('\n')
    t.equal(first, `wakedock: ${complaint}`)
    const name = /^Usage: wakedock ([a-z]+) [A-Z[b]/u.exec(usage ?? '')?.[1]
    t.ok(name !== undefined || usage === 'Usage: wakedock COMMAND')
    t.equal(more, `See "wakedock ${name === undefined ? '' : `${name} `}--help".`)
    t.equal(end, '')
  })
}

t.test('wrong usage is answered with how that command is used', async (t) => {
  const usage = 'Usage: wakedock wake SERVICE [--wait]\nSee "wakedock wake --help".\n'
  t.equal((await run('wake')).err, `wakedock: "wakedock wake" needs the name of a service\n${usage}`)
})

t.test('on a narrow terminal, complaints and help are broken into lines of whole words', async (t) => {
  const narrow = { isTTY: true, stderrIsTTY: true, columns: 40 }
  for (const { out, err } of [await run('statsu', narrow), await run('wake --json', narrow)])
    t.ok(
      `${out}${err}`.split('\n').every((line) => line.length <= 40),
      err,
    )
  for (const line of ['--help', 'status --help', 'events --help']) {
    const { out } = await run(line, narrow)
    // Examples are copied, and how a command is used stands whole.
    const whole = /^Usage: | {2}wakedock |^ {2}[a-z]+ [A-Z[b]/u
    const long = out.split('\n').filter((text) => text.length > 40 && !whole.test(text))
    t.same(long, [], line)
  }
})

t.test('a config file may be called like a command', async (t) => {
  const { code, err } = await run('--config status')
  t.equal(code, 1)
  t.match(err, /status the config file cannot be read \(ENOENT\)/u)
})

t.test('options may stand before and after the service, and after -- nothing is an option', (t) => {
  const read = (...argv: string[]) => readArguments(sleep, argv)
  for (const argv of [
    ['--wait', 'blog', '--admin=unix:/a'],
    ['blog', '--admin', 'unix:/a', '--wait'],
  ]) {
    const { options, positionals } = read(...argv)
    t.same(Object.fromEntries(options), { admin: 'unix:/a', wait: true })
    t.same(positionals, ['blog'])
  }
  t.same(read('--', '--wait').positionals, ['--wait'])
  t.end()
})

t.test('the config file: the option, then the environment, then the usual places', async (t) => {
  const cwd = t.testdir()
  const find = (options: [string, string][], env: Record<string, string> = {}) =>
    findConfig({ options: new Map(options), positionals: [] }, { cwd, env })
  const env = { WAKEDOCK_CONFIG: 'env.yaml' }
  t.equal(find([['config', '/a/b.yaml']], env), '/a/b.yaml')
  t.equal(find([['config', 'b.yaml']], env), join(cwd, 'b.yaml'))
  t.equal(find([], env), join(cwd, 'env.yaml'))
  writeFileSync(join(cwd, 'wakedock.yaml'), '')
  t.equal(find([]), join(cwd, 'wakedock.yaml'))
})

t.test('without a config file the places are listed', async (t) => {
  const cwd = t.testdir()
  const { code, err } = await run('check', { cwd })
  t.equal(code, 1)
  t.equal(
    err,
    `wakedock: there is no config file. Looked at:\n  ${cwd}/wakedock.yaml\n  /etc/wakedock/wakedock.yaml\nName one with --config FILE or $WAKEDOCK_CONFIG.\n`,
  )
})
