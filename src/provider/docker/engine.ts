/**
 * The Docker Engine as WakeDock uses it: dockerode behind a handful of calls. With connection.ts the only file that knows
 * dockerode. It needs no more than this of the API, so a socket proxy can allow just these:
 *
 *   GET  /version, /_ping, /events, /containers/{id}/json
 *   POST /containers/{id}/start, /containers/{id}/stop, /containers/{id}/unpause
 *   for sleep_mode: pause                    POST /containers/{id}/pause
 *   for compose and docker.labels            GET  /containers/json
 *   for busy, and to show memory             GET  /containers/{id}/stats
 *   to show logs                             GET  /containers/{id}/logs
 *   to run a HEALTHCHECK at WakeDock's pace  POST /containers/{id}/exec, /exec/{id}/start; GET /exec/{id}/json
 */
import type { DockerOptions } from 'dockerode'
import { IncomingMessage } from '../../node-http.ts'
import { DEADLINES, createConnection, statusCode } from './connection.ts'
import type { Deadlines } from './connection.ts'
import { nameOf } from './container.ts'
import type { Container, Listed, Stats } from './container.ts'
import { wordsOf } from './faults.ts'
import type { Place } from './faults.ts'
import { outputOf } from './output.ts'

export interface Engine {
  /** Learns which API to speak. For every new connection: the engine may have been upgraded. */
  connect(): Promise<void>
  ping(): Promise<void>
  /** By name or id, as Docker looks it up; null: there is none. */
  inspect(ref: string): Promise<Container | null>
  /** All containers with this label (`name=value`), running or not. */
  list(label: string): Promise<Listed[]>
  /** One reading, without the second that Docker takes for two; null: it is gone. */
  stats(container: Container): Promise<Stats | null>
  /** Running already is fine. False: it is gone. */
  start(container: Container): Promise<boolean>
  /** False: it is gone. */
  unpause(container: Container): Promise<boolean>
  /** False: it is gone. */
  pause(container: Container): Promise<boolean>
  /** Resolves when it is down; being down or gone already is fine. `grace` in milliseconds: Docker counts seconds. */
  stop(container: Container, grace: number): Promise<void>
  /** Its log from the oldest line that is asked for, as linesOf (log-lines.ts) reads it. Ends when the signal aborts. */
  logs(container: Container, query: LogQuery, signal: AbortSignal): Promise<NodeJS.ReadableStream>
  /** Docker's event stream, one JSON object a line, from now on. Ends when the signal aborts. */
  events(filters: EventFilters, signal: AbortSignal): Promise<NodeJS.ReadableStream>
  readonly exec: Exec
  /** Aborts what is under way. */
  close(): void
}

/** A command in a running container, as its own user and in its own environment. Docker cannot end one. */
export interface Exec {
  /** Prepares it. Its id. */
  create(container: Container, command: readonly string[], signal: AbortSignal): Promise<string>
  /** Runs it. Resolves to what it prints at first, when it has closed its outputs. `deadline` in milliseconds. */
  start(id: string, deadline: number, signal: AbortSignal): Promise<string>
  /** null: it is forgotten, and with it its container or its run. */
  inspect(id: string, signal: AbortSignal): Promise<{ running: boolean; exitCode: number | null } | null>
}

export interface LogQuery {
  /** So many of the last messages; all: every one. */
  readonly tail: number | 'all'
  /** Seconds since the epoch, down to nanoseconds: nothing older. */
  readonly since?: string
  /** Then what it prints until it ends. */
  readonly follow: boolean
}

export interface EventFilters {
  type: ('container' | 'network')[]
  event: string[]
}

/** `called` hears of every call that has ended, however it did: which one, and how many seconds it took. */
export function createEngine(
  options: DockerOptions,
  place: Place,
  deadlines: Deadlines = DEADLINES,
  called: (operation: string, seconds: number) => void = () => undefined,
): Engine {
  const connection = createConnection(options, place, deadlines, called)
  const { call } = connection
  const { quick } = deadlines

  /** A verb that has no answer but that it is done. False: the container is gone. */
  function verb(operation: 'start' | 'pause' | 'unpause', container: Container): Promise<boolean> {
    return call({
      operation,
      doing: `${operation} container ${nameOf(container)}`,
      deadline: operation === 'pause' ? quick : deadlines.start,
      run: ({ docker }, abortSignal) =>
        docker.getContainer(container.Id)[operation]({ abortSignal }).then(exists, unlessDoneOrGone),
    })
  }

  return {
    async connect() {
      connection.forget()
      await call({
        operation: 'connect',
        doing: 'connect to it',
        deadline: quick,
        run: () => Promise.resolve(),
      })
    },
    async ping() {
      await call({
        operation: 'ping',
        doing: 'ping it',
        deadline: quick,
        run: (clients) => clients.quick.ping(),
      })
    },
    async inspect(ref) {
      const found = await call({
        operation: 'inspect',
        doing: `inspect container ${ref}`,
        deadline: quick,
        run: ({ docker }, abortSignal) =>
          docker.getContainer(encodeURIComponent(ref)).inspect({ abortSignal }).catch(accept(404)),
      })
      return found ?? null
    },
    list(label) {
      return call<Listed[]>({
        operation: 'list',
        doing: `list the containers with the label ${label}`,
        deadline: quick,
        run: ({ docker }, abortSignal) =>
          docker.listContainers({ all: true, filters: { label: [label] }, abortSignal }),
      })
    },
    async stats(container) {
      const read = await call<Stats | undefined>({
        operation: 'stats',
        doing: `read what container ${nameOf(container)} uses`,
        deadline: quick,
        run: ({ docker }, abortSignal) => {
          // dockerode's types lack the signal.
          const once = { stream: false as const, 'one-shot': true, abortSignal }
          return docker.getContainer(container.Id).stats(once).catch(accept(404))
        },
      })
      return read ?? null
    },
    start: (container) => verb('start', container),
    unpause: (container) => verb('unpause', container),
    pause: (container) => verb('pause', container),
    async stop(container, grace) {
      await call({
        operation: 'stop',
        doing: `stop container ${nameOf(container)}`,
        deadline: grace + deadlines.stopMargin,
        run: ({ docker }, abortSignal) =>
          docker
            .getContainer(container.Id)
            .stop({ t: Math.ceil(grace / 1000), abortSignal })
            .catch(accept(304, 404)),
      })
    },
    logs({ Id, Name }, query, abortSignal) {
      return call({
        operation: 'logs',
        doing: `read the log of container ${nameOf({ Name })}`,
        deadline: quick,
        run: ({ docker }) => {
          const path = `/containers/${Id}/logs?`
          const statusCodes = { 200: true, 404: 'no such container' }
          const options = { stdout: true, stderr: true, timestamps: true, ...query }
          const request = { method: 'GET', path, options, statusCodes, isStream: true, abortSignal }
          return new Promise((resolve, reject) => {
            // Not dockerode's logs(): one that is not followed it reads into memory whole.
            docker.modem.dial(request, (error: unknown, stream) => {
              // What breaks it off later is for its reader; before there is one, nobody would catch it.
              if (stream instanceof IncomingMessage) resolve(stream.on('error', () => undefined))
              else reject(error instanceof Error ? error : new Error('no answer'))
            })
          })
        },
      })
    },
    events(filters, signal) {
      return call({
        operation: 'follow',
        doing: 'follow its events',
        deadline: quick,
        run: ({ docker }) => docker.getEvents({ filters, abortSignal: signal }),
      })
    },
    exec: {
      create(container, command, signal) {
        return call({
          operation: 'exec_create',
          doing: `run the HEALTHCHECK of container ${nameOf(container)}`,
          deadline: quick,
          signal,
          run: async ({ docker }, abortSignal) => {
            const how = { Cmd: [...command], AttachStdout: true, AttachStderr: true, abortSignal }
            return (await docker.getContainer(container.Id).exec(how)).id
          },
        })
      },
      start(id, deadline, signal) {
        return call({
          operation: 'exec_start',
          doing: 'run a HEALTHCHECK',
          deadline,
          signal,
          run: async ({ docker }, abortSignal) => {
            // Not hijacked: with nothing to send to it, its output is an answer like any other, up to its end.
            const how = { Detach: false, Tty: false, hijack: false, stdin: false, abortSignal }
            return outputOf(await docker.getExec(id).start(how))
          },
        })
      },
      async inspect(id, signal) {
        const found = await call({
          operation: 'exec_inspect',
          doing: 'learn how a HEALTHCHECK ended',
          deadline: quick,
          signal,
          run: ({ docker }, abortSignal) => docker.getExec(id).inspect({ abortSignal }).catch(accept(404)),
        })
        return found === undefined ? null : { running: found.Running, exitCode: found.ExitCode }
      },
    },
    close() {
      connection.close()
    },
  }
}

/** dockerode rejects for every status but 2xx: for some calls another one is an answer like any other. */
function accept(...fine: number[]): (error: unknown) => undefined {
  return (error) => {
    const status = statusCode(error)
    if (status === null || !fine.includes(status)) throw error
  }
}

const exists = (): boolean => true

/**
 * 304: it runs already. A 404 also comes for a network or volume that is gone, which is a refusal: only Docker's own
 * words (dockerode adds "no such container" to each) tell them apart.
 */
function unlessDoneOrGone(error: unknown): boolean {
  const status = statusCode(error)
  if (status === 304) return true
  if (status === 404 && /no such container/i.test(wordsOf(error))) return false
  throw error
}
