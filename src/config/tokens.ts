/**
 * The admin tokens: read from the file, the environment or files of their own, and judged. Their values go from here into
 * Secrets, and never into a fault.
 */
import { resolve } from 'node:path'
import type { Findings } from './fault.ts'
import { isLoopback, parseListen } from './listen.ts'
import { Problem, parsed } from './problem.ts'
import { ROOT_DEFAULTS } from './defaults.ts'
import type { Config, TokenConfig } from './schema.ts'
import type { Path } from './schema-node.ts'
import { Secret, type Token } from './settings.ts'
import type { Loose } from './validate.ts'

/** Reads a whole text file; rejects as node:fs does. */
export type ReadFile = (path: string) => Promise<string>

/** With 16 random characters guessing is hopeless; with fewer it depends on how random they are. */
const MIN_LENGTH = 16

/** Reports what is wrong with the tokens and with a lack of them, and returns those that are sound. */
export async function readTokens(
  config: Loose<Config>,
  folder: string,
  readFile: ReadFile,
  findings: Findings,
): Promise<readonly Token[]> {
  const exposed = !isLoopback(parsed(parseListen(config.admin?.listen ?? ROOT_DEFAULTS.admin.listen)))
  const entries = config.admin?.tokens ?? []
  if (exposed && entries.length === 0)
    findings.fault(
      ['admin', 'listen'],
      new Problem(
        'can be reached from other machines, and there are no tokens',
        'add admin.tokens, or listen on 127.0.0.1',
      ),
    )
  const tokens: Token[] = []
  const names = new Map<string, Path>()
  const values = new Map<string, Path>()
  for (const [index, entry] of entries.entries()) {
    if (!entry) continue
    const path: Path = ['admin', 'tokens', index]
    if (entry.name !== undefined)
      claim(names, entry.name, [...path, 'name'], 'has the same name as', findings)
    const found = await readToken(entry, path, folder, readFile, findings)
    if (!found || !isSound(found, exposed, findings)) continue
    claim(values, found.value, found.path, 'is the same token as', findings)
    tokens.push({
      name: entry.name ?? '',
      token: new Secret(found.value),
      scope: entry.scope ?? ROOT_DEFAULTS.admin.scope,
    })
  }
  return tokens
}

interface Found {
  readonly value: string
  readonly path: Path
}

async function readToken(
  entry: Loose<TokenConfig>,
  path: Path,
  folder: string,
  readFile: ReadFile,
  findings: Findings,
): Promise<Found | undefined> {
  if (entry.token !== undefined) {
    const here = [...path, 'token']
    if (findings.places.variables(here).length === 0)
      findings.warn(
        here,
        new Problem('stands in the file as it is', 'use token_file, or ${NAME} from the environment'),
      )
    return { value: entry.token, path: here }
  }
  if (entry.token_file === undefined) return undefined
  const here = [...path, 'token_file']
  try {
    // Editors and `echo` end a file with a newline, which is no part of the token.
    const value = (await readFile(resolve(folder, entry.token_file))).replace(/\r?\n$/, '')
    return { value, path: here }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an unknown error'
    findings.fault(
      here,
      new Problem(`cannot be read (${code})`, 'check that the file exists and may be read'),
    )
    return undefined
  }
}

function isSound({ value, path }: Found, exposed: boolean, findings: Findings): boolean {
  const empty = value === ''
  // RFC 6750 section 2.1: what a Bearer header can carry.
  const sendable = /^[A-Za-z0-9._~+/-]+=*$/.test(value)
  const short = value.length < MIN_LENGTH
  const advice = 'make one with: openssl rand -hex 32'
  if (empty) findings.fault(path, new Problem('holds an empty token', advice))
  else if (!sendable)
    findings.fault(path, new Problem('holds characters that an HTTP header cannot carry as a token', advice))
  else if (short) {
    const problem = new Problem(`holds a token shorter than ${MIN_LENGTH} characters`, advice)
    if (!exposed) findings.warn(path, problem)
    else findings.fault(path, problem)
  }
  return sendable && !(short && exposed)
}

function claim(
  taken: Map<string, Path>,
  value: string,
  path: Path,
  message: string,
  findings: Findings,
): void {
  const rival = taken.get(value)
  if (rival) findings.fault(path, new Problem(`${message} ${findings.line(rival)}`, 'change one of them'))
  taken.set(value, rival ?? path)
}
