/**
 * Nobody copies an example that is not true: each one is accepted by the programs it is written for, and is run by a test.
 */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { folder, programSkip, runProgram } from '../helpers/programs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = join(ROOT, 'src/main.ts')

/** Example → the test that runs it. */
const RUN_BY: Readonly<Record<string, string>> = {
  'caddy-docker': 'test/integration/caddy.test.ts',
  labels: 'test/config/examples.test.ts',
  quickstart: 'test/integration/demo.test.ts',
  stack: 'test/config/examples.test.ts',
}

t.test('every example has a config and a test that runs it', async (t) => {
  const folders = globSync('examples/*/', { cwd: ROOT }).map((path) => basename(path))
  t.same(folders.toSorted(), Object.keys(RUN_BY).toSorted())
  t.same(globSync('examples/*/wakedock.yaml', { cwd: ROOT }).length, folders.length)
  for (const [example, test] of Object.entries(RUN_BY)) {
    t.match(readFileSync(join(ROOT, test), 'utf8'), `examples/${example}`, test)
  }
})

for (const path of globSync('examples/*/wakedock.yaml', { cwd: ROOT }).toSorted()) {
  t.test(`wakedock check has no complaint about ${path}`, async (t) => {
    const args = [MAIN, 'check', '--config', join(ROOT, path)]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    t.equal(stderr, '')
    t.match(stdout, path)
    t.equal(status, 0)
  })
}

const skip = programSkip('caddy')
for (const path of globSync('examples/*/Caddyfile', { cwd: ROOT }).toSorted()) {
  t.test(`Caddy accepts ${path}, and would format it the same way`, { skip }, async (t) => {
    const file = join(ROOT, path)
    // The authority that `tls internal` asks for must not be made in this user's home.
    const home = await folder(t)
    const env = { HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home }
    const valid = await runProgram('caddy', ['validate', '--adapter', 'caddyfile', '--config', file], { env })
    if (!t.equal(valid.code, 0)) t.comment(valid.stderr)
    t.equal((await runProgram('caddy', ['fmt', file], { env })).stdout, readFileSync(file, 'utf8'))
  })
}
