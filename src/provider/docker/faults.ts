/**
 * Turns whatever dockerode throws into a TargetError that says what happened and what to do. Docker's own words are kept
 * where they help; addresses are printed without credentials.
 */
import { TargetError } from '../../errors.ts'

/** Of the errors that docker-modem, node:net and node:http throw. */
interface Thrown {
  readonly code?: unknown
  readonly statusCode?: unknown
  readonly json?: unknown
  readonly message?: unknown
}

/** A message of Docker's is cut here: some carry the whole output of a hook. */
const LONGEST_MESSAGE = 400

/** What can be done about the refusals that people meet most. */
const REMEDIES: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/port is already allocated|address already in use/i, 'Free the port, or publish another one.'],
  [
    /executable file not found|exec format error/i,
    "Correct the container's command, or use an image for this machine.",
  ],
  [
    /bind source path does not exist|error mounting|not a directory/i,
    "Correct the container's volumes and recreate it.",
  ],
  [/network \S+ not found/i, 'The network was recreated: recreate the container (docker compose up -d).'],
  [/no space left on device/i, 'Free disk space on the Docker host.'],
  [
    /cannot allocate memory|out of memory/i,
    "Free memory on the Docker host, or lower the container's limit.",
  ],
]

/** What is known of an engine that could not be asked: where it should be. */
export interface Place {
  /** As printed: without credentials. */
  readonly host: string
  readonly socketPath: string | null
}

/** `doing` is a clause such as `start container ghost`. */
export function toFault(error: unknown, doing: string, place: Place): TargetError {
  if (error instanceof TargetError) return error
  const thrown: Thrown = typeof error === 'object' && error !== null ? error : { message: error }
  return typeof thrown.statusCode === 'number'
    ? refusal(thrown, thrown.statusCode, doing)
    : unreachable(thrown, doing, place)
}

/** The engine answered, with an error. */
function refusal(thrown: Thrown, status: number, doing: string): TargetError {
  const said = wordsOf(thrown)
  if (status === 403) {
    return new TargetError(
      'refused',
      `Docker forbids WakeDock to ${doing}: ${said}`,
      'Allow it in the Docker socket proxy: GET on events, containers, version and _ping; POST on start, stop, unpause; where they are used, pause, and exec for HEALTHCHECKs.',
      thrown,
    )
  }
  const [, hint] = REMEDIES.find(([pattern]) => pattern.test(said)) ?? []
  const message = `Docker refused to ${doing}: ${said}`
  return new TargetError(
    'refused',
    message,
    hint ?? 'Correct what the message names; `docker start` shows the same.',
    thrown,
  )
}

function unreachable(thrown: Thrown, doing: string, place: Place): TargetError {
  const code = typeof thrown.code === 'string' ? thrown.code : ''
  const [why, hint] = explain(code, wordsOf(thrown), place)
  return new TargetError(
    'unreachable',
    `Docker does not answer at ${place.host} (${why}): cannot ${doing}`,
    hint,
    thrown,
  )
}

function explain(
  code: string,
  message: string,
  { socketPath, host }: Place,
): readonly [why: string, hint: string] {
  switch (code) {
    case 'ENOENT':
      return [
        'no such socket',
        `Start Docker, or set docker.host to its socket (in a container, mount it: -v /var/run/docker.sock:${socketPath ?? host}).`,
      ]
    case 'EACCES':
    case 'EPERM':
      return [
        'permission denied',
        "Give WakeDock's user the socket's group (usermod -aG docker, or group_add in Compose), or use a socket proxy.",
      ]
    case 'ECONNREFUSED':
      return [
        'connection refused',
        socketPath === null
          ? 'Check that Docker, or the socket proxy, listens there and that docker.host is right.'
          : 'Start Docker (systemctl start docker): the socket exists, but nobody listens on it.',
      ]
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ['unknown host name', 'Correct the host name in docker.host.']
    case 'ECONNRESET':
    case 'EPIPE':
      return [
        'connection closed',
        'If Docker is restarting, wait; otherwise see its log (journalctl -u docker).',
      ]
    default:
      return [message, 'Check docker.host, and that Docker runs there (docker info).']
  }
}

/** A request that was given up: the engine took longer than any sane one. */
export function silence(doing: string, ms: number, place: Place): TargetError {
  return new TargetError(
    'unreachable',
    `Docker at ${place.host} gave no answer within ${ms / 1000} s: cannot ${doing}`,
    'Look at the load and the log of the Docker host (journalctl -u docker).',
  )
}

export function missing(name: string): TargetError {
  return new TargetError(
    'missing',
    `container ${name} does not exist`,
    'Create it (for Compose: docker compose up --no-start), or correct its name in the config.',
  )
}

/** Docker's own words, or else the error's, on one line. */
export function wordsOf(error: unknown): string {
  const { json, message }: Thrown = typeof error === 'object' && error !== null ? error : { message: error }
  if (typeof json === 'object' && json !== null && 'message' in json) return clean(String(json.message))
  return typeof message === 'string' && message !== '' ? clean(message) : 'no message'
}

/** One line, without docker-modem's frame and the noise that runc adds. */
function clean(message: string): string {
  const line = message
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .replace(/: unknown\s*$/, '')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line
}
