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
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Docker from 'dockerode'
import { openEngineLog, type LoggedEvent } from './engine-log.ts'
import { makeAppImage, makeBusyboxImage } from './images.ts'
import { openRelay } from './relay.ts'
import type { Relay } from './relay.ts'

export { copyProgram, importImage } from './images.ts'

/** Label of what a test has made. Not wakedock.…: those are options of labelled services. */
const OWNER = 'test.wakedock'

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
  /** Everything else that Docker's create takes: Healthcheck, User, WorkingDir, Shell … */
  readonly config?: Docker.ContainerCreateOptions
}

export interface TestContainer {
  /** Unique to this test process. */
  readonly name: string
  readonly id: string
  /** dockerode's handle, by id. */
  readonly handle: Docker.Container
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
  /** Docker's own record of all containers of this test, in order. */
  events(): Promise<LoggedEvent[]>
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

/** Connects to the engine under test. What the test creates is removed at its end, running or not. */
export async function openDocker(t: Scope): Promise<TestDocker> {
  if (dockerHost === null) {
    throw new Error('WAKEDOCK_TEST_REQUIRE=1 demands WAKEDOCK_TEST_DOCKER_HOST=unix:///path/docker.sock')
  }
  const socketPath = dockerHost.replace(/^unix:\/\//, '')
  const api = new Docker({ host: '', socketPath })
  const [appImage, busyboxImage] = await Promise.all([makeAppImage(api), makeBusyboxImage(api)])
  const scope = `wd-${process.pid}-${randomBytes(2).toString('hex')}`
  const label = `${OWNER}=${scope}`
  const log = await openEngineLog(api, label)

  t.teardown(async () => {
    log.close()
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
        ...options.config,
        name,
        Image: options.image ?? appImage,
        ...(options.command === undefined ? {} : { Cmd: options.command }),
        Env: Object.entries(options.env ?? {}).map(([key, value]) => `${key}=${value}`),
        ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])),
        HostConfig: options.host ?? {},
        Labels: { ...options.labels, [OWNER]: scope },
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
        Labels: { [OWNER]: scope },
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
      const all = await log.all()
      return all
        .filter((event) => event.name === name && event.at >= since * 1000)
        .map(({ action }) => action)
    },
    events: () => log.all(),
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
