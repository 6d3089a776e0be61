/**
 * Asks the admin API of a running daemon, and turns every way in which that can fail into a sentence with a remedy.
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Agent, request } from 'undici'
import type { ServiceList, ServiceView } from '../admin/service-view.ts'
import { didYouMean, CliError, stringOption, type Arguments, type CliIo, type OptionSpec } from './command.ts'

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
  close(): Promise<void>
}

/** Throws CliError; so do all its methods. */
export async function createClient(args: Arguments, io: CliIo): Promise<Client> {
  const base = stringOption(args, 'admin') ?? (io.env['WAKEDOCK_ADMIN'] || 'http://127.0.0.1:9090')
  const { origin, socketPath } = parseBase(base)
  const token = await readToken(args, io)
  // No limit on the wait for an answer: with --wait it comes when the wake has ended, and the daemon bounds that.
  const dispatcher = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 5000, ...(socketPath === undefined ? {} : { socketPath }) },
  })

  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<unknown> => {
    const answer = await request(`${origin}${path}`, {
      dispatcher,
      method,
      headers: {
        accept: 'application/json',
        ...(token.value === null ? {} : { authorization: `Bearer ${token.value}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw unreachable(base, error)
    })
    const text = await answer.body.text()
    const parsed = parseObject(text)
    if (parsed === null) {
      throw new CliError(
        `what answers at ${base} is not WakeDock's admin API. Name its address with --admin or $WAKEDOCK_ADMIN.`,
      )
    }
    if (answer.statusCode < 400) return parsed
    throw refused(answer.statusCode, parsed, token.source)
  }

  const list = async (): Promise<ServiceList> => {
    const answer = await ask('GET', '/api/v1/services')
    if (isList(answer)) return answer
    throw new CliError(`the daemon at ${base} speaks another version of the API. Update it, or this command.`)
  }

  /** For one service: the name the daemon does not know may be near to one that it does. */
  const askFor = async (service: string, work: Promise<unknown>): Promise<ServiceView> => {
    try {
      const answer = await work
      if (isView(answer)) return answer
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'WAKEDOCK_NO_SUCH_SERVICE') throw error
      const { services } = await list()
      const names = services.map(({ name }) => name)
      throw new CliError(
        `no service is called "${service}"${didYouMean(service, names) || `. There are: ${names.join(', ')}`}`,
      )
    }
    throw new CliError(`the daemon at ${base} speaks another version of the API. Update it, or this command.`)
  }

  return {
    list,
    get: (service) => askFor(service, ask('GET', pathOf(service))),
    order: (service, verb, { wait, force }) =>
      askFor(service, ask('POST', `${pathOf(service)}/${verb}?wait=${wait}`, force ? { force } : {})),
    pin: (service, duration) =>
      askFor(service, ask('PUT', `${pathOf(service)}/pin`, duration === undefined ? {} : { for: duration })),
    unpin: (service) => askFor(service, ask('DELETE', `${pathOf(service)}/pin`)),
    close: () => dispatcher.close(),
  }
}

function pathOf(service: string): string {
  return `/api/v1/services/${encodeURIComponent(service)}`
}

/** An answer of the API that is not success. */
class ApiError extends CliError {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

function parseBase(base: string): { origin: string; socketPath?: string } {
  if (base.startsWith('unix:')) {
    return { origin: 'http://localhost', socketPath: base.slice('unix:'.length).replace(/^\/\/(?=\/)/u, '') }
  }
  const url = URL.parse(base)
  // Not repeated: what stands there is a secret.
  if (url?.username || url?.password)
    throw new CliError('the address of the admin API must hold no credentials: use $WAKEDOCK_TOKEN instead')
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) {
    return { origin: url.origin + url.pathname.replace(/\/+$/u, '') }
  }
  throw new CliError(`"${base}" is not an address of an admin API: write http://host:port or unix:/path`)
}

interface GivenToken {
  readonly value: string | null
  /** Where it came from, for the message when it is refused. */
  readonly source: string
}

async function readToken(args: Arguments, io: CliIo): Promise<GivenToken> {
  const file = stringOption(args, 'token-file')
  if (file === undefined) return { value: io.env['WAKEDOCK_TOKEN'] || null, source: '$WAKEDOCK_TOKEN' }
  try {
    const value = (await readFile(resolve(io.cwd, file), 'utf8')).trim()
    if (value !== '') return { value, source: file }
  } catch (error) {
    throw new CliError(`--token-file ${file} cannot be read: ${messageOf(error)}`)
  }
  throw new CliError(`--token-file ${file} is empty`)
}

function unreachable(base: string, error: unknown): CliError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EACCES' || code === 'EPERM') {
    return new CliError(
      `${base} does not let this user in: run it as a member of the socket's group, or as root.`,
    )
  }
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : messageOf(error)
  return new CliError(
    `no WakeDock daemon answers at ${base}: ${why}.\nStart it with "wakedock serve", or name its address with --admin URL or $WAKEDOCK_ADMIN.`,
  )
}

function refused(status: number, problem: Readonly<Record<string, unknown>>, source: string): CliError {
  const detail = textOf(problem['detail']) || `the daemon answered ${status}`
  const hint = textOf(problem['hint'])
  const code = textOf(problem['code'])
  if (code === 'WAKEDOCK_UNAUTHORIZED') {
    return new ApiError(
      code,
      `the daemon wants a token: ${source} is not set or not one of its admin.tokens.`,
    )
  }
  if (code === 'WAKEDOCK_FORBIDDEN') {
    return new ApiError(code, `${detail} Use another one: it comes from ${source}.`)
  }
  return new ApiError(code, hint === '' || detail.includes(hint) ? detail : `${detail}\n${hint}`)
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Enough to tell our API from another: the daemon's own schema says the rest. */
function isView(value: unknown): value is ServiceView {
  return isRecord(value) && typeof value['name'] === 'string' && isRecord(value['totals'])
}

function isList(value: unknown): value is ServiceList {
  return isRecord(value) && Array.isArray(value['services']) && value['services'].every(isView)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
