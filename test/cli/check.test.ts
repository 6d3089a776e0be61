/** `wakedock check`: one line for a good file, a place for every fault of a bad one. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../helpers/cli.ts'

const GOOD = `services:
  blog:
    hosts: [blog.example.com, www.example.com]
    container: ghost
`

t.test('a valid file is said to be valid', async (t) => {
  const cwd = t.testdir({ 'wakedock.yaml': GOOD })
  t.same(await run('check', { cwd }), {
    code: 0,
    out: 'wakedock.yaml is valid: 1 service, 2 routes\n',
    err: '',
  })
})

t.test('a fault has its place and its remedy', async (t) => {
  const cwd = t.testdir({ 'bad.yaml': `${GOOD}    idle_timeut: 5m\n` })
  const { code, out, err } = await run('check --config bad.yaml', { cwd })
  t.equal(code, 1)
  t.equal(out, '')
  t.match(err, /^bad\.yaml:5:5 services\.blog\.idle_timeut .*did you mean idle_timeout\?\n$/u)
})

t.test('a warning is printed, and is not a fault', async (t) => {
  const cwd = t.testdir({ 'wakedock.yaml': 'services: {}\n' })
  const { code, out, err } = await run('check', { cwd })
  t.equal(code, 0)
  t.match(err, /^warning: wakedock\.yaml:1:1 services is empty/u)
  t.equal(out, 'wakedock.yaml is valid: 0 services, 0 routes\n')
})

t.test('a file outside the folder is named in full', async (t) => {
  const file = join(t.testdir(), 'elsewhere.yaml')
  writeFileSync(file, GOOD)
  t.match(await run(`check --config ${file}`, { cwd: '/usr' }), { code: 0, out: `${file} is valid: ` })
})

t.test('a file that does not exist is a fault', async (t) => {
  const { code, err } = await run('check --config no.yaml', { cwd: t.testdir() })
  t.equal(code, 1)
  t.match(err, /^no\.yaml the config file cannot be read \(ENOENT\)/u)
})
