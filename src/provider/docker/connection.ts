/**
 * The way to a Docker Engine: where it is, which version of its API to speak, and one call after the other, each with a
 * deadline and with faults that name a remedy. What is called stands in engine.ts.
 */
import type Docker from 'dockerode'
import type { DockerOptions } from 'dockerode'
import { TargetError } from '../../errors.ts'
import { silence, toFault } from './faults.ts'
import type { Place } from './faults.ts'

export interface Clients {
  readonly docker: Docker
  /** Without a version, and with a deadline on the socket: for the calls that dockerode cannot abort. */
  readonly quick: Docker
}

/** In milliseconds. */
export interface Deadlines {
  /** Of what an engine does at once: questions, and a pause. */
  readonly quick: number
  /** It pulls no image, but may wait for slow volumes. */
  readonly start: number
  /** Beyond the grace: Docker kills then, and waits for the end of what it killed. */
  readonly stopMargin: number
}

export const DEADLINES: Deadlines = { quick: 10_000, start: 60_000, stopMargin: 10_000 }

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

export interface Call<T> {
  /** For the metrics: `start`. */
  readonly operation: string
  /** For people, a clause: `start container ghost`. */
  readonly doing: string
  /** Milliseconds. */
  readonly deadline: number
  /** Ends it early. */
  readonly signal?: AbortSignal
  readonly run: (clients: Clients, abortSignal: AbortSignal) => Promise<T>
}

export interface Connection {
  /** @throws TargetError */
  readonly call: <T>(call: Call<T>) => Promise<T>
  /** What was learned of the engine does not count any more: it may have been upgraded. */
  forget(): void
  /** Aborts what is under way. */
  close(): void
}

/** `called` hears of every call that has ended, however it did: which one, and how many seconds it took. */
export function createConnection(
  options: DockerOptions,
  place: Place,
  deadlines: Deadlines,
  called: (operation: string, seconds: number) => void,
): Connection {
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
  async function call<T>({ operation, doing, deadline: ms, signal, run }: Call<T>): Promise<T> {
    const since = performance.now()
    const deadline = AbortSignal.timeout(ms)
    const ends = [deadline, closing.signal]
    const abortSignal = AbortSignal.any(signal === undefined ? ends : [...ends, signal])
    const aborted = Promise.withResolvers<never>()
    const onAbort = (): void => aborted.reject(silence(doing, ms, place))
    abortSignal.addEventListener('abort', onAbort, { once: true })
    if (abortSignal.aborted) onAbort()
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
    call,
    forget() {
      clients = null
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

/** Of an answer that dockerode takes for a failure. */
export function statusCode(error: unknown): number | null {
  const known = typeof error === 'object' && error !== null && 'statusCode' in error
  return known && typeof error.statusCode === 'number' ? error.statusCode : null
}

function failedToConnect(error: unknown): boolean {
  return !(error instanceof TargetError) && statusCode(error) === null
}
