/**
 * A stand-in for the base image that the Dockerfile names, for an engine that reaches no registry: Node 24 and npm of this
 * machine on BusyBox, with npm's cache as `npm ci` has filled it, and npm told to ask no network.
 *
 * It bears the base image's name only while a test runs, and never takes it from an image that has it already.
 */
import { createHash } from 'node:crypto'
import { access, cp, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type Docker from 'dockerode'
import { copyProgram, importImage, type Scope } from '../helpers/docker.ts'
import { program, runProgram } from '../helpers/programs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The base image's name, as the Dockerfile has it. */
async function baseName(): Promise<string> {
  const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8')
  const names = new Set(Array.from(text.matchAll(/^FROM (\S+)/gmu), ([, name]) => name))
  const [name] = names
  if (name === undefined || names.size !== 1) throw new Error('the Dockerfile has more than one base image')
  return name
}

async function npmConfig(key: string): Promise<string> {
  return (await runProgram('npm', ['config', 'get', key], { cwd: ROOT })).stdout.trim()
}

/** npm's own folder. Debian's package shares its modules with the system's, and would be half an npm elsewhere. */
async function npmFolder(): Promise<string> {
  const folder = dirname(dirname(await realpath(program('npm'))))
  await access(join(folder, 'node_modules')).catch((cause: unknown) => {
    const remedy = 'use the npm that comes with Node.js (npm install -g npm)'
    throw new Error(`${folder} is not a whole npm: ${remedy}`, { cause })
  })
  return folder
}

async function fill(root: string, npm: string, cache: string, registry: string): Promise<void> {
  await copyProgram(process.execPath, root, '/usr/local/bin/node')
  await mkdir(join(root, 'bin'))
  await cp(await realpath(program('busybox')), join(root, 'bin/busybox'))
  const { stdout } = await runProgram('busybox', ['--list'])
  const applets = stdout.split('\n').filter((applet) => applet !== '' && applet !== 'busybox')
  await Promise.all(applets.map((applet) => symlink('busybox', join(root, 'bin', applet))))
  await mkdir(join(root, 'usr/bin'), { recursive: true })
  await symlink('/bin/env', join(root, 'usr/bin/env'))
  await mkdir(join(root, 'tmp'), { mode: 0o777 })

  await cp(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true })
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'))
  await cp(join(cache, '_cacache'), join(root, 'root/.npm/_cacache'), { recursive: true })
  // npm looks for its cache at home, and where that is, it is told here.
  await mkdir(join(root, 'etc'))
  const users = ['root:x:0:0::/root:/bin/sh', 'node:x:1000:1000::/home/node:/bin/sh']
  await writeFile(join(root, 'etc/passwd'), `${users.join('\n')}\n`)
  // The cache is kept by address, so npm must ask for the same ones.
  await mkdir(join(root, 'usr/local/etc'), { recursive: true })
  await writeFile(join(root, 'usr/local/etc/npmrc'), `offline=true\nregistry=${registry}\n`)
}

/** Makes `FROM` work on this engine until the end of the test. Resolves to the base image's size in bytes. */
export async function provideBaseImage(t: Scope, api: Docker): Promise<number> {
  const name = await baseName()
  const there = await api
    .getImage(name)
    .inspect()
    .catch(() => null)
  if (there !== null) return there.Size

  const [npm, cache, registry] = await Promise.all([npmFolder(), npmConfig('cache'), npmConfig('registry')])
  const lock = await readFile(join(ROOT, 'package-lock.json'))
  const recipe = await readFile(new URL(import.meta.url))
  const parts = [process.version, npm, cache, registry].join()
  const version = createHash('sha256').update(lock).update(recipe).update(parts)
  const own = `wakedock-test/base:${version.digest('hex').slice(0, 12)}`
  const made = await api
    .getImage(own)
    .inspect()
    .catch(() => null)
  if (made === null) {
    const changes = ['ENV PATH=/usr/local/bin:/usr/bin:/bin', 'CMD ["node"]']
    await importImage(api, own, changes, (root) => fill(root, npm, cache, registry))
  }
  const [repo = name, tag = 'latest'] = name.split(':')
  await api.getImage(own).tag({ repo, tag })
  // Its other name keeps the image, and with it what the engine has already built from it.
  t.teardown(() => api.getImage(name).remove({ noprune: true }))
  return (await api.getImage(own).inspect()).Size
}
