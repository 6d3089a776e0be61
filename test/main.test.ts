/** The real process: its exit codes and streams, in development and as a reader that leaves early sees it. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startAdmin } from './helpers/admin.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const MANIFEST = readFileSync(new URL('../package.json', import.meta.url), 'utf8')

function wakedock(...argv: string[]) {
  const env = { ...process.env, WAKEDOCK_CONFIG: '', WAKEDOCK_ADMIN: '' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...argv], { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

t.test('--version is that of package.json', (t) => {
  const { version } = JSON.parse(MANIFEST)
  t.same(wakedock('--version'), { status: 0, stdout: `wakedock ${version}\n`, stderr: '' })
  t.end()
})

t.test('wrong usage exits with 2, a refused config with 1', (t) => {
  t.match(wakedock('statsu'), { status: 2, stdout: '', stderr: /did you mean status\?/u })
  const folder = t.testdir({ 'bad.yaml': 'servces: {}\n' })
  t.match(wakedock('check', '--config', `${folder}/bad.yaml`), {
    status: 1,
    stdout: '',
    stderr: /bad\.yaml:1:1/u,
  })
  t.end()
})

t.test('a port that is taken is said in a sentence, without a stack', async (t) => {
  const owner = createServer().listen(0, '127.0.0.1')
  t.teardown(() => owner.close())
  await once(owner, 'listening')
  const bound = owner.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  const folder = t.testdir({ 'a.yaml': `listen: "127.0.0.1:${port}"\nadmin: { listen: "127.0.0.1:0" }\n` })
  const { status, stdout } = wakedock('serve', '--config', `${folder}/a.yaml`)
  t.equal(status, 1)
  const line: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  t.match(line, {
    event: 'start_failed',
    msg: `cannot start: 127.0.0.1:${port} is in use by another program`,
  })
  t.notMatch(stdout, /"stack"/u)
})

t.test('a reader that leaves early is not an error', async (t) => {
  const { url } = await startAdmin(t)
  const child = spawn(process.execPath, [MAIN, 'status', '--admin', url], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = await once(child, 'close')
  t.equal(code, 0)
  t.equal(stderr, '')
})

/** A terminal around it: util-linux' script(1). null: not installed. */
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux')

t.test(
  'a view that fills the terminal gives it back at Ctrl-C',
  { skip: hasTerminal ? false : 'script(1) is not installed' },
  async (t) => {
    const { url } = await startAdmin(t)
    const line = `'${process.execPath}' '${MAIN}' status --watch --admin ${url}`
    const env = { ...process.env, TERM: 'xterm', SHELL: '/bin/sh' }
    const child = spawn('script', ['-qefc', line, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
    let screen = ''
    const drawn = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        screen += chunk.toString()
        if (screen.includes('2 services: 2 asleep')) resolve()
      })
    })
    await drawn
    // Ctrl-C, as a keyboard sends it.
    child.stdin.write('\u0003')
    const [status] = await once(child, 'close')
    t.equal(status, 130)
    t.ok(screen.startsWith('\u001b[?1049h\u001b[?25l'))
    t.ok(screen.endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l'))
  },
)

t.test('a client command talks to a daemon over the network', async (t) => {
  const { url } = await startAdmin(t)
  const child = spawn(process.execPath, [MAIN, 'status', '--json', '--admin', url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  const [code] = await once(child, 'close')
  t.equal(code, 0)
  t.match(JSON.parse(stdout), { services: [{ name: 'blog' }, { name: 'shop' }] })
})

t.test('the built file keeps its shebang line', (t) => {
  t.match(readFileSync(MAIN, 'utf8'), /^#!\/usr\/bin\/env -S node [^\n]*\n/u)
  t.end()
})
