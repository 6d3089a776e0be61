/**
 * Where the admin API is and what opens it: the address and the token, from options and the environment. A token is never an
 * option itself: other users of the machine can read the arguments of a process.
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, stringOption, type Arguments, type CliIo } from './command.ts'

/** Where the daemon's admin API is unless its config says something else. */
export const DEFAULT_ADMIN = 'http://127.0.0.1:9090'

export interface AdminAddress {
  /** As it was given, for messages. It holds no credentials. */
  readonly base: string
  /** What paths are appended to. */
  readonly origin: string
  readonly socketPath: string | null
  /** Whether nobody has named it. */
  readonly isDefault: boolean
}

/** Throws CliError. */
export function adminAddress(args: Arguments, io: Pick<CliIo, 'env'>): AdminAddress {
  const named = stringOption(args, 'admin') ?? (io.env['WAKEDOCK_ADMIN'] || undefined)
  const base = named ?? DEFAULT_ADMIN
  const isDefault = named === undefined
  if (base.startsWith('unix:')) {
    // unix:///run/x.sock is how Docker writes it, and means the same.
    const socketPath = base.slice('unix:'.length).replace(/^\/\/(?=\/)/u, '')
    return { base, origin: 'http://localhost', socketPath, isDefault }
  }
  const url = URL.parse(base)
  // Not repeated: what stands there is a secret.
  if (url?.username || url?.password)
    throw new CliError('the address of the admin API must hold no credentials: use $WAKEDOCK_TOKEN instead')
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) {
    return { base, origin: url.origin + url.pathname.replace(/\/+$/u, ''), socketPath: null, isDefault }
  }
  throw new CliError(`"${base}" is not an address of an admin API: write http://host:port or unix:/path`)
}

export interface GivenToken {
  /** null: none was given. */
  readonly value: string | null
  /** Where it came from, for the message when it is refused. */
  readonly source: string
}

/** Throws CliError where the file that was named holds none. */
export async function readToken(args: Arguments, io: Pick<CliIo, 'env' | 'cwd'>): Promise<GivenToken> {
  const file = stringOption(args, 'token-file')
  if (file === undefined) {
    const value = io.env['WAKEDOCK_TOKEN'] || null
    return { value: value === null ? null : one(value, '$WAKEDOCK_TOKEN'), source: '$WAKEDOCK_TOKEN' }
  }
  let value: string
  try {
    value = (await readFile(resolve(io.cwd, file), 'utf8')).trim()
  } catch (error) {
    throw new CliError(
      `--token-file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  if (value === '') throw new CliError(`--token-file ${file} is empty`)
  return { value: one(value, `--token-file ${file}`), source: file }
}

/** What no header can hold would fail later, in words that show it. */
function one(value: string, source: string): string {
  if (/^[\x21-\x7e]+$/u.test(value)) return value
  throw new CliError(`${source} holds more than a token: one line without blanks is expected`)
}
