/**
 * The admin API as the commands use it: a function for each question, and a check that the answer is of the version that is
 * expected. How it is reached and what can go wrong is in connection.ts and refusals.ts.
 */
import type { Validation } from '../admin/config-routes.ts'
import type { ServiceList, ServiceView } from '../admin/service-view.ts'
import { didYouMean, CliError, type Arguments, type CliIo, type OptionSpec } from './command.ts'
import { connectTo, isRecord, parseObject } from './connection.ts'
import { ApiError, Unreachable } from './refusals.ts'

/** The options every client command takes. A token is never one: other users of the machine can read arguments. */
export const CLIENT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  admin: {
    type: 'string',
    value: 'URL',
    help: 'the admin API: http://host:port or unix:/path; default $WAKEDOCK_ADMIN, http://127.0.0.1:9090',
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    help: 'file that holds the token; default: $WAKEDOCK_TOKEN',
  },
  json: { type: 'boolean', help: 'print what the API answers' },
}

export interface Client {
  /** The address, for messages. */
  readonly base: string
  list(): Promise<ServiceList>
  get(service: string): Promise<ServiceView>
  /** Resolves to the service after the order; with `wait`, after its end. */
  order(
    service: string,
    verb: 'wake' | 'sleep',
    options: { wait: boolean; force: boolean },
  ): Promise<ServiceView>
  /** `duration` as the config file writes it; undefined: until it is unpinned. Resolves to the service after it. */
  pin(service: string, duration: string | undefined): Promise<ServiceView>
  unpin(service: string): Promise<ServiceView>
  /** How long a wake of it will probably take, in milliseconds; null: nobody knows. */
  estimate(service: string): Promise<number | null>
  /** Its log, an object a line. Ends when the daemon ends it; reading it throws CliError when it breaks off. */
  logs(
    service: string,
    query: { tail: string | undefined; follow: boolean },
  ): Promise<AsyncIterable<LogObject>>
  /** Lines of the event stream (/api/v1/events), asked for with `query`. `after`: the id of the last event that is known. */
  events(
    query: EventQuery,
    options: { after: string | null; signal: AbortSignal },
  ): Promise<AsyncIterable<string>>
  /** Has the daemon read its config again. Resolves to what has changed; rejects with an ApiError that has the faults. */
  reload(): Promise<{ readonly changed: readonly string[] }>
  /** What a reload would do now; changes nothing. */
  validate(): Promise<Validation>
  close(): Promise<void>
}

export interface EventQuery {
  /** Only what concerns this one. */
  readonly service?: string
  /** With commas in between. */
  readonly types?: string
  /** Everything that is still in memory first. */
  readonly replay?: boolean
  /** What the services look like as well. */
  readonly services?: boolean
}

/** A line of a log, as the API writes it. */
export interface LogObject {
  /** ISO 8601; null: not known. */
  readonly at: string | null
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
  /** Of a stack: "blog/db". */
  readonly part?: string
}

/** Milliseconds. The daemon gives a sign of life every 15 s (admin/sse.ts); three missed are no accident. */
const SILENCE = 45_000

/** Throws CliError; so do all its methods. */
export async function createClient(args: Arguments, io: CliIo): Promise<Client> {
  const { base, ask, stream, misunderstood, close } = await connectTo(args, io)

  /** What `fits` says is of our version; anything else is not. */
  const checked = async <T>(answer: unknown, fits: (answer: unknown) => answer is T): Promise<T> => {
    if (fits(answer)) return answer
    throw await misunderstood()
  }

  const list = async (): Promise<ServiceList> => checked(await ask('GET', '/api/v1/services'), isList)

  /** For one service: the name the daemon does not know may be near to one that it does. */
  const named = async <T>(service: string, work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'WAKEDOCK_NO_SUCH_SERVICE') throw error
      const { services } = await list()
      throw noSuchService(
        service,
        services.map(({ name }) => name),
      )
    }
  }

  const askFor = async (service: string, work: Promise<unknown>): Promise<ServiceView> =>
    checked(await named(service, work), isView)

  return {
    base,
    list,
    get: (service) => askFor(service, ask('GET', pathOf(service))),
    order: (service, verb, { wait, force }) =>
      askFor(
        service,
        ask('POST', `${pathOf(service)}/${verb}?wait=${wait}`, {
          patient: wait,
          ...(force ? { body: { force } } : {}),
        }),
      ),
    pin: (service, duration) =>
      askFor(
        service,
        ask('PUT', `${pathOf(service)}/pin`, { body: duration === undefined ? {} : { for: duration } }),
      ),
    unpin: (service) => askFor(service, ask('DELETE', `${pathOf(service)}/pin`)),
    async estimate(service) {
      const answer = await named(service, ask('GET', `${pathOf(service)}/history`))
      const ms = isRecord(answer) ? answer['estimate_ms'] : null
      return typeof ms === 'number' ? ms : null
    },
    async logs(service, { tail, follow }) {
      const query = new URLSearchParams({ follow: String(follow), ...(tail === undefined ? {} : { tail }) })
      const path = `${pathOf(service)}/logs?${query.toString()}`
      return logObjects(await named(service, stream(path, 'application/x-ndjson')), base)
    },
    events({ service, types, replay, services }, { after, signal }) {
      const query = new URLSearchParams({
        ...(service === undefined ? {} : { service }),
        ...(types === undefined ? {} : { types }),
        ...(replay === true ? { replay: 'true' } : {}),
        ...(services === true ? { services: 'true' } : {}),
      })
      const headers: Record<string, string> = after === null ? {} : { 'last-event-id': after }
      const path = `/api/v1/events?${query.toString()}`
      return named(service ?? '', stream(path, 'text/event-stream', { headers, signal, silence: SILENCE }))
    },
    reload: async () => checked(await ask('POST', '/api/v1/config/reload'), isChange),
    validate: async () => checked(await ask('POST', '/api/v1/config/validate'), isValidation),
    close,
  }
}

function pathOf(service: string): string {
  return `/api/v1/services/${encodeURIComponent(service)}`
}

/** In a list of hundreds nobody finds it either. */
const MOST_NAMES = 20

function noSuchService(name: string, known: readonly string[]): CliError {
  const meant = didYouMean(name, known)
  if (known.length === 0) return new CliError(`no service is called "${name}": none is configured`)
  const more = known.length > MOST_NAMES ? ` and ${known.length - MOST_NAMES} more` : ''
  const list = `. There are: ${known.slice(0, MOST_NAMES).join(', ')}${more}`
  return new CliError(`no service is called "${name}"${meant || list}`)
}

async function* logObjects(lines: AsyncIterable<string>, base: string): AsyncGenerator<LogObject> {
  try {
    for await (const line of lines) {
      const object = parseObject(line)
      if (isLogObject(object)) yield object
    }
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    throw new CliError(
      `the log broke off. What WakeDock at ${base} logs says why; ask again for what is missing.`,
    )
  }
}

function isLogObject(value: unknown): value is LogObject {
  return isRecord(value) && typeof value['text'] === 'string' && 'at' in value
}

/** Enough to tell our API from another: the daemon's own schema says the rest. */
export function isView(value: unknown): value is ServiceView {
  return isRecord(value) && typeof value['name'] === 'string' && isRecord(value['totals'])
}

function isList(value: unknown): value is ServiceList {
  return isRecord(value) && Array.isArray(value['services']) && value['services'].every(isView)
}

function isChange(value: unknown): value is { changed: string[] } {
  return isRecord(value) && Array.isArray(value['changed'])
}

function isValidation(value: unknown): value is Validation {
  return isRecord(value) && typeof value['ok'] === 'boolean'
}
