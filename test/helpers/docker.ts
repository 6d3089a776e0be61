/**
 * A real Docker Engine for tests: $WAKEDOCK_TEST_DOCKER_HOST, which `.ci/run` sets to a private daemon. Without it the
 * tests that need it are skipped, saying so; with $WAKEDOCK_TEST_REQUIRE=1 they fail instead, so that CI cannot be green
 * by accident. No registry is asked: images are made from the Node and BusyBox binaries of this machine.
 *
 *   t.test('…', { skip: dockerSkip() }, async (t) => {
 *     const docker = await openDocker(t)
 *     const app = await docker.run('blog', { env: { BOOT_MS: '200' } })
 *   })
 */
import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import Docker from 'dockerode'

const run = promisify(execFile)

/** unix:///… of the engine under test, or null. */
export const dockerHost: string | null = process.env['WAKEDOCK_TEST_DOCKER_HOST'] || null

/** For tap's `skip` option: the reason, or false where the test must run. */
export function dockerSkip(): string | false {
  if (dockerHost !== null || process.env['WAKEDOCK_TEST_REQUIRE'] === '1') return false
  return 'needs a Docker Engine: set WAKEDOCK_TEST_DOCKER_HOST=unix:///path/docker.sock'
}

/** What a test hangs its clean-up on: tap's `t`. */
export interface Scope {
  teardown(callback: () => unknown): void
}

/** Settings of a test container. */
export interface ContainerOptions {
  /** Default: the Node image with test/helpers/app.ts. */
  readonly image?: string
  readonly command?: string[]
  readonly env?: Readonly<Record<string, string>>
  /** TCP ports the container exposes; default [3000] for the app, none for another image. */
  readonly expose?: readonly number[]
  /** Everything else of Docker's HostConfig: NetworkMode, PortBindings, RestartPolicy, AutoRemove … */
  readonly host?: Docker.HostConfig
  readonly labels?: Readonly<Record<string, string>>
}

export interface TestContainer {
  /** Unique to this test process. */
  readonly name: string
  readonly id: string
  /** dockerode's handle, by id. */
  readonly handle: Docker.Container
}

/** A unix socket in front of the engine's that a test can take away and give back. */
export interface Relay {
  /** unix:///… */
  readonly host: string
  /** Removes the socket and cuts every connection: Docker is gone. */
  down(): Promise<void>
  /** Docker is back. */
  up(): Promise<void>
  /** Cuts every connection, and goes on accepting new ones. */
  cut(): void
  /** Requests seen so far, as `GET /v1.41/containers/x/json`. */
  readonly requests: readonly string[]
}

export interface TestDocker {
  readonly host: string
  readonly socketPath: string
  readonly api: Docker
  /** Node, the app and a shell-less root. */
  readonly appImage: string
  /** BusyBox with all its applets. */
  readonly busyboxImage: string
  /** The name a container or network gets: `blog` becomes `wd-<process>-blog`. */
  name(suffix: string): string
  /** Creates a container without starting it. An older one of that name is removed first. */
  create(suffix: string, options?: ContainerOptions): Promise<TestContainer>
  /** Creates and starts one. */
  run(suffix: string, options?: ContainerOptions): Promise<TestContainer>
  /** Creates a bridge network. Returns its name. */
  network(suffix: string, options?: Partial<Docker.NetworkCreateOptions>): Promise<string>
  /** Puts an empty file into a container, running or not. */
  putFile(name: string, folder: string, file: string): Promise<void>
  /** Waits until the app in a container on a bridge network listens. Earlier it is deaf to SIGTERM too. */
  booted(container: Docker.Container, port?: number): Promise<void>
  /** Docker's own record since the engine's time `since` (seconds): actions of one container, in order. */
  actions(name: string, since: number): Promise<string[]>
  /** A relay in front of the engine, closed at the end of the test. */
  relay(options?: { up?: boolean }): Promise<Relay>
}

/** Waits until `check` gives something other than false, null or undefined; fails after `ms`. */
export async function until<T extends {}>(
  what: string,
  check: () => Maybe<T> | Promise<Maybe<T>>,
  ms = 15_000,
): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    const value = await check()
    if (value !== false && value !== null && value !== undefined) return value
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await delay(10)
  }
}

type Maybe<T> = T | false | null | undefined

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

async function makeAppImage(api: Docker): Promise<string> {
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

async function makeBusyboxImage(api: Docker): Promise<string> {
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

async function openRelay(socketPath: string, start: boolean): Promise<Relay & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'wakedock-relay-'))
  const path = join(folder, 'docker.sock')
  const sockets = new Set<Socket>()
  const requests: string[] = []
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((client) => {
    const engine = createConnection(socketPath)
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
    client.on('data', (chunk: Buffer) => {
      const [line] = chunk.toString('latin1').match(/^(?:GET|POST|DELETE|PUT) \S+/) ?? []
      if (line !== undefined) requests.push(line)
    })
  })
  const relay: Relay = {
    host: `unix://${path}`,
    requests,
    cut,
    async down() {
      if (!server.listening) return
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
    async up() {
      if (server.listening) return
      await new Promise<void>((resolve) => server.listen(path, resolve))
    },
  }
  if (start) await relay.up()
  return {
    ...relay,
    async [Symbol.asyncDispose]() {
      await relay.down()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Connects to the engine under test. What the test creates is removed at its end, running or not. */
export async function openDocker(t: Scope): Promise<TestDocker> {
  if (dockerHost === null) {
    throw new Error('WAKEDOCK_TEST_REQUIRE=1 demands WAKEDOCK_TEST_DOCKER_HOST=unix:///path/docker.sock')
  }
  const socketPath = dockerHost.replace(/^unix:\/\//, '')
  const api = new Docker({ host: '', socketPath })
  const [appImage, busyboxImage] = await Promise.all([makeAppImage(api), makeBusyboxImage(api)])
  const scope = `wd-${process.pid}-${randomBytes(2).toString('hex')}`
  const label = `wakedock.test=${scope}`

  t.teardown(async () => {
    const filters = { label: [label] }
    const containers = await api.listContainers({ all: true, filters })
    await Promise.all(
      containers.map((one) => api.getContainer(one.Id).remove({ force: true, v: true }).catch(ignoreGone)),
    )
    const networks = await api.listNetworks({ filters })
    await Promise.all(networks.map((one) => api.getNetwork(one.Id).remove()))
  })

  const docker: TestDocker = {
    host: dockerHost,
    socketPath,
    api,
    appImage,
    busyboxImage,
    name: (suffix) => `${scope}-${suffix}`,
    async create(suffix, options = {}) {
      const name = docker.name(suffix)
      await api.getContainer(name).remove({ force: true, v: true }).catch(ignoreGone)
      const ports = options.expose ?? (options.image === undefined ? [3000] : [])
      const handle = await api.createContainer({
        name,
        Image: options.image ?? appImage,
        ...(options.command === undefined ? {} : { Cmd: options.command }),
        Env: Object.entries(options.env ?? {}).map(([key, value]) => `${key}=${value}`),
        ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])),
        HostConfig: options.host ?? {},
        Labels: { ...options.labels, 'wakedock.test': scope },
      })
      return { name, id: handle.id, handle }
    },
    async run(suffix, options) {
      const container = await docker.create(suffix, options)
      await container.handle.start()
      return container
    },
    async network(suffix, options = {}) {
      const name = docker.name(suffix)
      await api.createNetwork({
        Driver: 'bridge',
        ...options,
        Name: name,
        Labels: { 'wakedock.test': scope },
      })
      return name
    },
    async putFile(name, folder, file) {
      const work = await mkdtemp(join(tmpdir(), 'wakedock-file-'))
      await writeFile(join(work, file), '')
      const tar = spawn('tar', ['-C', work, '-c', file], { stdio: ['ignore', 'pipe', 'inherit'] })
      await api.getContainer(name).putArchive(tar.stdout, { path: folder })
      await rm(work, { recursive: true })
    },
    async booted(container, port = 3000) {
      await until('the app listens', async () => {
        const { Networks } = (await container.inspect()).NetworkSettings
        const [address] = Object.values(Networks).map((network) => network.IPAddress)
        return fetch(`http://${address}:${port}/boot`).catch(() => null)
      })
    },
    async actions(name, since) {
      const stream = await api.getEvents({
        since,
        until: Date.now() / 1000,
        filters: { type: ['container'], container: [name] },
      })
      let text = ''
      stream.setEncoding('utf8')
      for await (const chunk of stream) text += String(chunk)
      return Array.from(text.matchAll(/"Action":"([^"]+)"/g), ([, action]) => action ?? '')
    },
    async relay({ up = true } = {}) {
      const relay = await openRelay(socketPath, up)
      t.teardown(() => relay[Symbol.asyncDispose]())
      return relay
    },
  }
  return docker
}

/** Gone already, or going: what a clean-up wants. */
function ignoreGone(error: { statusCode?: number }): void {
  if (error.statusCode !== 404 && error.statusCode !== 409) throw error
}
