/**
 * The image: built from the Dockerfile on a real engine, without any network, and run as the README says, with a mounted
 * config and with Docker's socket. That it wakes a container from within one is the proof of src/provider/docker/self.ts.
 */
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type Docker from 'dockerode'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { dockerSkip, openDocker, until, type TestDocker } from '../helpers/docker.ts'
import { folder, programSkip, runProgram, type Scope } from '../helpers/programs.ts'
import { provideBaseImage } from './base-image.ts'

const skip = dockerSkip() || programSkip('docker', 'npm', 'busybox')
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Builds the image with the engine's own builder, which every engine has. Resolves to its name. */
async function build(t: Scope, docker: TestDocker): Promise<string> {
  const name = `wakedock-test/wakedock:${docker.name('image')}`
  const env = { DOCKER_HOST: docker.host, DOCKER_BUILDKIT: '0' }
  const args = ['build', '--network', 'none', '--tag', name, '.']
  const { code, stdout, stderr } = await runProgram('docker', args, { env, cwd: ROOT, timeout: 240_000 })
  if (code !== 0) throw new Error(`docker build failed\n${stdout.slice(-4_000)}\n${stderr.slice(-4_000)}`)
  t.teardown(() => docker.api.getImage(name).remove({ noprune: true }))
  return name
}

/** HostConfig for a container of the image: a mounted config, and no privilege that it does not need. */
async function mounted(t: Scope, config: string, more: Docker.HostConfig = {}): Promise<Docker.HostConfig> {
  const file = join(await folder(t), 'wakedock.yaml')
  await writeFile(file, config)
  // It is read by the image's user, not by this one.
  await chmod(file, 0o644)
  return {
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    ...more,
    Binds: [`${file}:/etc/wakedock/wakedock.yaml:ro`, ...(more.Binds ?? [])],
  }
}

/** Runs a command in a running container. `output`: what it printed, on either stream. */
async function exec(handle: Docker.Container, Cmd: string[], Env: string[] = []): Promise<Ran> {
  const run = await handle.exec({ Cmd, Env, AttachStdout: true, AttachStderr: true, Tty: true })
  const output = await text(await run.start({ Tty: true }))
  return { code: (await run.inspect()).ExitCode, output }
}

/** What a container has printed, with the engine's framing in between. */
async function printed(handle: Docker.Container): Promise<string> {
  return String(await handle.logs({ stdout: true, stderr: true }))
}

interface Ran {
  readonly code: number | null
  readonly output: string
}

/** Prints what the image holds: run inside it. */
const LOOK = `
  const { globSync, readdirSync } = require('node:fs')
  const packages = globSync('**/node_modules/{*,@*/*}/package.json').map((file) => file.replace('/package.json', ''))
  const me = { uid: process.getuid(), gid: process.getgid() }
  console.log(JSON.stringify({ ...me, node: process.versions.node, files: readdirSync('.'), packages }))`

t.test('the image', { skip }, async (t) => {
  const docker = await openDocker(t)
  const baseSize = await provideBaseImage(t, docker.api)
  const image = await build(t, docker)
  const { Size, Config } = await docker.api.getImage(image).inspect()
  const healthcheck = Config.Healthcheck?.Test?.slice(1) ?? []
  t.comment(`layers on top of the base image: ${((Size - baseSize) / 1e6).toFixed(1)} MB`)

  /** A container of it whose health is looked at every second, not every 30. */
  const create = async (name: string, host: Docker.HostConfig): Promise<Docker.Container> => {
    const options = { name: docker.name(name), Image: image, HostConfig: host }
    const handle = await docker.api.createContainer({ ...options, Healthcheck: { Interval: 1e9 } })
    t.teardown(() => handle.remove({ force: true }))
    await handle.start()
    return handle
  }
  const start = async (name: string, host: Docker.HostConfig): Promise<Docker.Container> => {
    const handle = await create(name, host)
    const healthy = async (): Promise<boolean> => {
      const { Running, Health } = (await handle.inspect()).State
      if (!Running) throw new Error(`${name} has ended: ${await printed(handle)}`)
      return Health?.Status === 'healthy'
    }
    await until(`${name} is healthy`, healthy, 60_000)
    return handle
  }
  const stop = async (t: Test, handle: Docker.Container): Promise<void> => {
    await handle.stop({ t: 10 })
    t.equal((await handle.inspect()).State.ExitCode, 0, 'it obeys SIGTERM: killed, it would be 137')
  }

  t.test('holds what production needs, and runs with a mounted config as an ordinary user', async (t) => {
    const config = 'services:\n  nas: { hosts: nas.test, url: "http://192.0.2.1:80" }\n'
    const handle = await start('plain', await mounted(t, config))
    const { output } = await exec(handle, ['node', '-e', LOOK])
    const seen = JSON.parse(output)
    t.match(seen, { uid: 1000, gid: 1000, node: /^24\./u })
    t.same(seen.files.toSorted(), ['LICENSE', 'dist', 'node_modules', 'package.json'])
    const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as Lock
    const wanted = (path: string): boolean => path in packages && packages[path]?.dev !== true
    t.same(
      seen.packages.filter((path: string) => !wanted(path)),
      [],
      'no development dependency',
    )
    t.ok(seen.packages.includes('node_modules/undici'))

    t.equal((await exec(handle, healthcheck)).code, 0)
    const elsewhere = ['WAKEDOCK_ADMIN=http://127.0.0.1:1']
    t.equal((await exec(handle, healthcheck, elsewhere)).code, 1, 'the health check can fail')
    await stop(t, handle)
  })

  t.test('wakes a container over a network that both are on', async (t) => {
    // The app is on two networks, and the one that leads nowhere from here is named first.
    const [other, shared] = [await docker.network('a-other'), await docker.network('b-shared')]
    const app = await docker.create('app', { host: { NetworkMode: other } })
    await docker.api.getNetwork(shared).connect({ Container: app.id })
    const config = `services:\n  app: { hosts: app.test, container: ${app.name} }\n`
    const socket = '/var/run/docker.sock'
    const handle = await start(
      'wakedock',
      await mounted(t, config, {
        Binds: [`${docker.socketPath}:${socket}`],
        GroupAdd: [String((await stat(docker.socketPath)).gid)],
        NetworkMode: shared,
      }),
    )
    t.equal((await app.handle.inspect()).State.Running, false)
    const { NetworkSettings } = await handle.inspect()
    const address = `http://${NetworkSettings.Networks[shared]?.IPAddress}:8080/`
    const { statusCode, headers, body } = await request(address, { headers: { host: 'app.test' } })
    t.match({ statusCode, body: await body.text() }, { statusCode: 200, body: /^hello from \d+$/mu })
    t.match(headers['server-timing'], /^wake;dur=/u, 'it was held')
    await stop(t, handle)
    t.equal((await app.handle.inspect()).State.Running, true, 'what runs is left running')
  })

  t.test('says which file it misses without a config', async (t) => {
    const handle = await create('bare', { NetworkMode: 'none' })
    t.match(await handle.wait(), { StatusCode: 1 })
    t.match(await printed(handle), '/etc/wakedock/wakedock.yaml')
  })
})

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
}
