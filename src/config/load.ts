/**
 * Loads a config file: text → plain values with places (document.ts) → schema (validate.ts) → rules about several options
 * (rules.ts, tokens.ts, tls.ts) → Settings (build.ts). A config is taken whole or refused whole, with all of its faults at once.
 */
import { isUtf8 } from 'node:buffer'
import * as fs from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { buildSettings } from './build.ts'
import { readDocument } from './document.ts'
import type { Environment } from './environment.ts'
import { Findings, type Fault } from './fault.ts'
import { Problem } from './problem.ts'
import { checkRules } from './rules.ts'
import { configNode } from './schema-data.ts'
import { Secret, type Settings } from './settings.ts'
import { readAuthorities } from './tls.ts'
import { readTokens, type ReadFile } from './tokens.ts'
import { validate } from './validate.ts'

export { formatFault, type Fault } from './fault.ts'

export type LoadResult =
  | {
      readonly ok: true
      readonly settings: Settings
      readonly warnings: readonly Fault[]
      /** What was read: a secret, as some may stand in it. */
      readonly text: Secret
    }
  | { readonly ok: false; readonly faults: readonly Fault[] }

/**
 * Reads and checks `file`, which relative paths in it start from. `env` is the environment that `${NAME}` and DOCKER_HOST are
 * taken from. Never rejects: a file that cannot be read is a fault too.
 */
export async function loadConfig(file: string, env: Environment): Promise<LoadResult> {
  const refused = (line: number, message: string, hint: string): LoadResult => ({
    ok: false,
    faults: [{ file, line, column: line && 1, path: '', message, hint }],
  })
  let bytes: Buffer
  try {
    bytes = await fs.readFile(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an unknown error'
    const hint = READ_HINTS[code] ?? 'check its path and mode'
    return refused(0, `the config file cannot be read (${code})`, hint)
  }
  // Replacement characters instead would end up in a password or a host, and nobody would know why it does not work.
  if (!isUtf8(bytes)) return refused(badLine(bytes), 'the file is not UTF-8 text', 'save it as UTF-8')
  return loadConfigText(bytes.toString('utf8'), file, env)
}

const READ_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file: check its path',
  EISDIR: 'it is a folder: name the file in it',
  EACCES: 'this user may not read it: check its mode, and that of the folders above it',
}

/** Counted from 1. No byte of a longer UTF-8 sequence is a newline, so lines can be judged one by one. */
function badLine(bytes: Buffer): number {
  let line = 1
  for (let start = 0; ; line++) {
    const end = bytes.indexOf(0x0a, start)
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return line
    start = end + 1
  }
}

/** The same for a text that is at hand. `readFile` gets the absolute paths of the files that it names. */
export async function loadConfigText(
  text: string,
  file: string,
  env: Environment,
  readFile: ReadFile = readText,
): Promise<LoadResult> {
  const findings = new Findings(file)
  const reading = readDocument(text, env, configNode, findings)
  if (!reading) return { ok: false, faults: findings.faults }
  const { whole, rest, spoiled } = validate(reading.root, reading.unresolved, findings)
  checkRules(rest, env, spoiled, findings)
  const absolute = resolve(file)
  const folder = dirname(absolute)
  const tokens = await readTokens(rest, folder, readFile, findings)
  const authorities = await readAuthorities(rest, folder, readFile, findings)
  if (!whole || findings.faults.length > 0) return { ok: false, faults: findings.faults }
  if (Object.keys(whole.services ?? {}).length === 0 && whole.docker?.labels !== true)
    findings.warn(['services'], new Problem('is empty, so every request is answered 404', 'add a service'))
  const settings = buildSettings(whole, { file: absolute, folder, authorities, env, tokens })
  return { ok: true, settings, warnings: findings.warnings, text: new Secret(text) }
}

function readText(path: string): Promise<string> {
  return fs.readFile(path, 'utf8')
}
