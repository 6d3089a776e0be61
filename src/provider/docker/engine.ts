/**
 * The Docker Engine as WakeDock uses it: dockerode behind a handful of calls, each with a deadline and with faults that
 * name a remedy. The only file that knows dockerode. It needs no more than this of the API, so a socket
 * proxy can allow just these:
 *
 *   GET  /version, /_ping, /events, /containers/{id}/json
 *   POST /containers/{id}/start, /containers/{id}/stop, /containers/{id}/unpause
 */
import type Docker from 'dockerode'
import type { DockerOptions } from 'dockerode'
import { TargetError } from '../../errors.ts'
import { nameOf } from './container.ts'
import type { Container } from './container.ts'
import { silence, toFault, wordsOf } from './faults.ts'
import type { Place } from './faults.ts'

export interface Engine {
  /** Learns which API to speak. For every new connection: the engine may have been upgraded. */
  connect(): Promise<void>
  ping(): Promise<void>
  /** By name or id, as Docker looks it up; null: there is none. */
  inspect(ref: string): Promise<Container | null>
  /** Running already is fine. False: it is gone. */
  start(container: Container): Promise<boolean>
  /** False: it is gone. */
  unpause(container: Container): Promise<boolean>
  /** Resolves when it is down; being down or gone already is fine. `grace` in milliseconds: Docker counts seconds. */
  stop(container: Container, grace: number): Promise<void>
  /** Docker's event stream, one JSON object a line, from now on. Ends when the signal aborts. */
  events(filters: EventFilters, signal: AbortSignal): Promise<NodeJS.ReadableStream>
  /** Aborts what is under way. */
  close(): void
}

interface Clients {
  readonly docker: Docker
  /** Without a version, and with a deadline on the socket: for the calls that dockerode cannot abort. */
  readonly quick: Docker
}

export interface EventFilters {
  type: ('container' | 'network')[]
  event: string[]
}

/** In milliseconds. A start pulls no image, but may wait for slow volumes. */
export const DEADLINES = {
  quick: 10_000,
  start: 60_000,
  /** Beyond the grace: Docker kills then, and waits for the end of what it killed. */
  stopMargin: 10_000,
}

/**
 * The oldest API WakeDock speaks (Docker 20.10, Podman 3), and the one it prefers: everything it needs has the same form
 * in all later ones. Docker 29 has dropped it, so an engine's own minimum is used where that is later.
 */
const API_VERSION = '1.41'

/** @throws a `refused` TargetError for an engine that is too old. */
export function chooseVersion(engine: { ApiVersion?: string; MinAPIVersion?: string }): string {
  const { ApiVersion = API_VERSION, MinAPIVersion = API_VERSION } = engine
  if (isOlder(ApiVersion, API_VERSION)) {
    throw new TargetError(
      'refused',
      `this Docker Engine speaks API ${ApiVersion}; WakeDock needs ${API_VERSION} or later`,
      'Upgrade Docker to 20.10 or later.',
    )
  }
  return isOlder(API_VERSION, MinAPIVersion) ? MinAPIVersion : API_VERSION
}

function isOlder(a: string, b: string): boolean {
  const [major = 0, minor = 0] = a.split('.').map(Number)
  const [thanMajor = 0, thanMinor = 0] = b.split('.').map(Number)
  return major === thanMajor ? minor < thanMinor : major < thanMajor
}

/** Where `docker.host` points. @throws Error for a form that is not supported. */
export function parseHost(host: string): { options: DockerOptions; place: Place; remote: string | null } {
  // docker-modem fills what is not given from the environment's DOCKER_HOST: host and protocol are always given. The
  // header makes every call a connection of its own: a kept one may be stale after a restart of Docker.
  const headers = { Connection: 'close' }
  if (host.startsWith('unix://')) {
    const socketPath = host.slice('unix://'.length)
    const place = { host: socketPath, socketPath }
    return { options: { host: '', socketPath, protocol: 'http', headers }, place, remote: null }
  }
  const url = URL.canParse(host) ? new URL(host) : null
  if (url === null || !['tcp:', 'http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new Error(`docker.host ${host} is not unix:///path, tcp://host:port or http(s)://host:port`)
  }
  // 2376 is Docker's registered port for TLS. Certificates come from DOCKER_CERT_PATH, as for the docker command.
  const secure = url.protocol === 'https:' || url.port === '2376'
  const protocol = secure ? 'https' : 'http'
  const port = url.port || (url.protocol === 'tcp:' ? '2375' : secure ? '443' : '80')
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const place = { host: `${url.protocol}//${url.hostname}:${port}`, socketPath: null }
  return { options: { host: hostname, port, protocol, headers }, place, remote: hostname }
}

/** `called` hears of every call that has ended, however it did: which one, and how many seconds it took. */
export function createEngine(
  options: DockerOptions,
  place: Place,
  deadlines = DEADLINES,
  called: (operation: string, seconds: number) => void = () => undefined,
): Engine {
  const closing = new AbortController()
  let clients: Promise<Clients> | null = null

  async function negotiate(): Promise<Clients> {
    const quick = await load({ ...options, timeout: deadlines.quick })
    const version = chooseVersion(await quick.version())
    return { quick, docker: await load({ ...options, version: `v${version}` }) }
  }

  /**
   * Runs one call against its deadline. The race is not for show: docker-modem never settles when the engine dies between
   * the head and the end of an answer.
   */
  async function call<T>(
    operation: string,
    object: string,
    ms: number,
    run: (clients: Clients, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const doing = `${operation} ${object}`
    const since = performance.now()
    const deadline = AbortSignal.timeout(ms)
    const abortSignal = AbortSignal.any([deadline, closing.signal])
    const aborted = Promise.withResolvers<never>()
    const onAbort = (): void => aborted.reject(silence(doing, ms, place))
    abortSignal.addEventListener('abort', onAbort, { once: true })
    try {
      clients ??= negotiate()
      const answer = clients.then((both) => run(both, abortSignal))
      return await Promise.race([answer, aborted.promise])
    } catch (error) {
      // What was learned of an engine that is gone does not count for the next one.
      if (failedToConnect(error)) clients = null
      throw deadline.aborted ? silence(doing, ms, place) : toFault(error, doing, place)
    } finally {
      abortSignal.removeEventListener('abort', onAbort)
      called(operation, (performance.now() - since) / 1000)
    }
  }

  return {
    async connect() {
      clients = null
      await call('connect', 'to it', deadlines.quick, () => Promise.resolve())
    },
    async ping() {
      await call('ping', 'it', deadlines.quick, ({ quick }) => quick.ping())
    },
    async inspect(ref) {
      const found = await call('inspect', `container ${ref}`, deadlines.quick, ({ docker }, abortSignal) =>
        docker
          .getContainer(encodeURIComponent(ref))
          .inspect({ abortSignal })
          .catch(accept((status) => status === 404)),
      )
      return found ?? null
    },
    start(container) {
      return call('start', `container ${nameOf(container)}`, deadlines.start, ({ docker }, abortSignal) =>
        docker.getContainer(container.Id).start({ abortSignal }).then(exists, unlessRunningOrGone),
      )
    },
    unpause(container) {
      return call('unpause', `container ${nameOf(container)}`, deadlines.start, ({ docker }, abortSignal) =>
        docker.getContainer(container.Id).unpause({ abortSignal }).then(exists, unlessRunningOrGone),
      )
    },
    async stop(container, grace) {
      await call(
        'stop',
        `container ${nameOf(container)}`,
        grace + deadlines.stopMargin,
        ({ docker }, abortSignal) =>
          docker
            .getContainer(container.Id)
            .stop({ t: Math.ceil(grace / 1000), abortSignal })
            .catch(accept((status) => status === 304 || status === 404)),
      )
    },
    events(filters, signal) {
      return call('follow', 'its events', deadlines.quick, ({ docker }) =>
        docker.getEvents({ filters, abortSignal: signal }),
      )
    },
    close() {
      closing.abort()
    },
  }
}

/** dockerode costs 15 MB and more: it is loaded when the first container is asked for. */
async function load(settings: DockerOptions): Promise<Docker> {
  const { default: Dockerode } = await import('dockerode')
  return new Dockerode(settings)
}

function statusCode(error: unknown): number | null {
  const known = typeof error === 'object' && error !== null && 'statusCode' in error
  return known && typeof error.statusCode === 'number' ? error.statusCode : null
}

function failedToConnect(error: unknown): boolean {
  return !(error instanceof TargetError) && statusCode(error) === null
}

/** dockerode rejects for every status but 2xx: for some calls another one is an answer like any other. */
function accept(fine: (status: number) => boolean): (error: unknown) => undefined {
  return (error) => {
    const status = statusCode(error)
    if (status === null || !fine(status)) throw error
  }
}

const exists = (): boolean => true

/**
 * 304: it runs already. A 404 also comes for a network or volume that is gone, which is a refusal: only Docker's own
 * words (dockerode adds "no such container" to each) tell them apart.
 */
function unlessRunningOrGone(error: unknown): boolean {
  const status = statusCode(error)
  if (status === 304) return true
  if (status === 404 && /no such container/i.test(wordsOf(error))) return false
  throw error
}
