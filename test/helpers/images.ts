/**
 * Images for tests, made from the programs of this machine: no registry is asked. Their tags carry what they are made
 * of, so they are made once and used again.
 */
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import type Docker from 'dockerode'

const run = promisify(execFile)

/**
 * Imports an image whose root `fill` has written into a folder. `changes` are Dockerfile lines. For other stand-ins
 * too: a base image that a Dockerfile names, say.
 */
export async function importImage(
  api: Docker,
  image: string,
  changes: readonly string[],
  fill: (root: string) => Promise<void>,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'wakedock-image-'))
  try {
    await chmod(root, 0o755)
    await fill(root)
    const tar = spawn('tar', ['-C', root, '--owner=0', '--group=0', '-c', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [repo, tag] = image.split(':')
    const answer = await api.importImage(tar.stdout, { repo, tag, changes })
    answer.resume()
    await finished(answer)
    await api.getImage(image).inspect()
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** Copies a program and the shared libraries that `ldd` names, each to the path where it is looked for. */
export async function copyProgram(program: string, root: string, as: string): Promise<void> {
  const target = join(root, as)
  await mkdir(dirname(target), { recursive: true })
  await cp(await realpath(program), target)
  const { stdout } = await run('ldd', [program])
  for (const [, library] of stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)) {
    if (library === undefined) continue
    await mkdir(dirname(join(root, library)), { recursive: true })
    await cp(await realpath(library), join(root, library))
  }
}

/** Node and the app. Returns its name. */
export async function makeAppImage(api: Docker): Promise<string> {
  const app = new URL('./app.ts', import.meta.url)
  const source = await readFile(app)
  const version = createHash('sha256').update(source).update(process.version).digest('hex').slice(0, 12)
  const image = `wakedock-test/app:${version}`
  if (await exists(api, image)) return image
  const changes = ['ENTRYPOINT ["/usr/local/bin/node", "/app.ts"]', 'ENV NODE_NO_WARNINGS=1', 'WORKDIR /']
  await importImage(api, image, changes, async (root) => {
    await copyProgram(process.execPath, root, '/usr/local/bin/node')
    await cp(app, join(root, 'app.ts'))
  })
  return image
}

/** BusyBox with all its applets. Returns its name. */
export async function makeBusyboxImage(api: Docker): Promise<string> {
  const image = 'wakedock-test/busybox:1'
  if (await exists(api, image)) return image
  await importImage(api, image, ['CMD ["sh"]', 'ENV PATH=/bin'], async (root) => {
    await mkdir(join(root, 'bin'), { recursive: true })
    await mkdir(join(root, 'tmp'))
    await cp(await realpath('/bin/busybox'), join(root, 'bin/busybox'))
    const { stdout } = await run('/bin/busybox', ['--list'])
    const applets = stdout.split('\n').filter((applet) => applet !== '' && applet !== 'busybox')
    await Promise.all(applets.map((applet) => symlink('busybox', join(root, 'bin', applet))))
  })
  return image
}

async function exists(api: Docker, image: string): Promise<boolean> {
  return api
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    )
}
