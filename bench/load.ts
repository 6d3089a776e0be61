/**
 * A load generator on its own core: wrk, or load/node.ts where it is not installed. A single answer that is not the app's, or an
 * error, makes the whole bench fail: a proxy that refuses is the fastest of all.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ENV, pinned, versionOf, type Core } from './program.ts'

export interface Load {
  readonly path: string
  readonly connections: number
  readonly method: 'GET' | 'POST'
  /** Bytes of the request's body; 0: none. */
  readonly sends: number
  /** Bytes of the answer's body at least. */
  readonly receives: number
  readonly host: string
  /** 0: all requests are for `host`; else each for a random one of r0.host, r1.host … */
  readonly routes: number
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Requests a second. */
  readonly rate: number
  /** Microseconds from the request to the end of the answer: median and 99th percentile. */
  readonly p50: number
  readonly p99: number
}

export interface LoadGenerator {
  /** With its version, for the table. */
  readonly name: string
  /** @throws Error when anything else than the app's answer came back. */
  run(load: Load, port: number, seconds: number): Promise<LoadResult>
}

const SCRIPT = fileURLToPath(new URL('./load/wrk.lua', import.meta.url))
const NODE = fileURLToPath(new URL('./load/node.ts', import.meta.url))
const execute = promisify(execFile)

export function findLoadGenerator(core: Core): LoadGenerator {
  const version = versionOf('wrk', '-v')
  return {
    name: version === null ? `undici on Node ${process.versions.node}` : `wrk ${version}`,
    async run(load, port, seconds) {
      const command = version === null ? nodeCommand(load, port, seconds) : wrkCommand(load, port, seconds)
      return runGenerator(command, core, seconds, load)
    },
  }
}

/** Runs any program that prints the line; `receives` as in Load. */
export async function runGenerator(
  command: readonly [string, ...string[]],
  core: Core,
  seconds: number,
  load: Pick<Load, 'receives'>,
): Promise<LoadResult> {
  const [file, ...args] = pinned(core, command)
  // Twice the time and then some: what hangs must not hang the bench.
  const { stdout } = await execute(file, args, { env: ENV, timeout: seconds * 2000 + 20_000 })
  return parseLoad(stdout, load)
}

function wrkCommand(load: Load, port: number, seconds: number): [string, ...string[]] {
  const { path, connections, method, sends, host, routes } = load
  const url = `http://127.0.0.1:${port}${path}`
  const flags = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', SCRIPT]
  return ['wrk', ...flags, url, '--', method, String(sends), host, String(routes)]
}

function nodeCommand(load: Load, port: number, seconds: number): [string, ...string[]] {
  const { path, connections, method, sends, host, routes } = load
  const values = [port, path, connections, seconds, method, sends, host, routes]
  return [process.execPath, NODE, ...values.map(String)]
}

/** Reads the generator's line of JSON. @throws Error when a request failed, was refused or came back too small. */
export function parseLoad(output: string, { receives }: Pick<Load, 'receives'>): LoadResult {
  const [line] = /^\{.*\}$/m.exec(output) ?? []
  if (line === undefined) throw new Error(`the load generator tells nothing:\n${output}`)
  const told = JSON.parse(line) as Readonly<Record<string, number>>
  const of = (field: string): number => {
    const value = told[field]
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`no ${field} in ${line}`)
    return value
  }
  const requests = of('requests')
  if (requests === 0) throw new Error(`no request was answered: ${line}`)
  if (of('refused') > 0) throw new Error(`${of('refused')} of ${requests} answers were refusals: ${line}`)
  if (of('errors') > 0) throw new Error(`${of('errors')} requests failed: ${line}`)
  if (of('bytes') < requests * receives)
    throw new Error(`answers lack bytes of the app's ${receives}: ${line}`)
  return { requests, seconds: of('seconds'), rate: requests / of('seconds'), p50: of('p50'), p99: of('p99') }
}
