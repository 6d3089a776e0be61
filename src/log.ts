/**
 * What an operator reads while WakeDock runs: one logger, either lines for people (a terminal) or JSON lines (a log
 * collector), and the sentences made from what happens in the core. The only file that knows pino.
 *
 * JSON lines carry `level` as a word, `time` in ISO 8601, `service`, `event`, durations in milliseconds as fields named
 * `*_ms`, and `msg`, a sentence that is complete without them.
 */
import { styleText } from 'node:util'
import pino from 'pino'
import type { DomainEvent, Observer } from './domain/ports.ts'
import { formatDuration } from './duration.ts'
import { describe, rounded } from './log-sentences.ts'

export type Logger = pino.Logger

export interface LoggerOptions {
  /** Lines below it are not made at all. */
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** auto: pretty when `tty`, JSON otherwise. */
  readonly format: 'auto' | 'pretty' | 'json'
  /** Whether the output is a terminal. */
  readonly tty: boolean
  /** Colour in pretty lines: a terminal, and no NO_COLOR. */
  readonly color: boolean
  /** Default: standard output, written synchronously, so that nothing is lost when the process ends. */
  readonly destination?: pino.DestinationStream
}

/**
 * Secrets are not logged in the first place; this is the belt to those braces, for whole header objects that a library
 * hangs on what is logged. Both spellings, because raw headers keep the client's.
 */
const SECRET_FIELDS = ['authorization', 'Authorization', 'cookie', 'Cookie', 'set-cookie', 'token']
const REDACTED = SECRET_FIELDS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.headers["${name}"]`])

/** Async because pino-pretty is loaded only when it is used: it costs memory that a daemon in a container never needs. */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const pretty = options.format === 'pretty' || (options.format === 'auto' && options.tty)
  const destination = options.destination ?? pino.destination({ dest: 1, sync: true })
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
      serializers: { err: describeError },
    },
    pretty ? await prettyStream(destination, options.color) : destination,
  )
}

/** No other property is kept: client libraries hang whole requests on their errors, headers and bodies included. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  return { type: error.name, message: error.message, stack: error.stack }
}

/**
 * Each line is made and written before log.info() returns. (pino-pretty's own stream hands lines on a tick later, and
 * with `process.exit` the last one, which is the one that matters, would be lost.)
 */
async function prettyStream(
  destination: pino.DestinationStream,
  color: boolean,
): Promise<pino.DestinationStream> {
  const { default: pinoPretty } = await import('pino-pretty')
  const format = pinoPretty.prettyFactory({
    // Everything is in the line that prettyLine makes; colour too, because pino-pretty would paint all of it.
    colorize: false,
    hideObject: true,
    ignore: 'time,level',
    messageFormat: (fields) => prettyLine(fields, color),
  })
  return { write: (line) => destination.write(format(line)) }
}

const LEVEL_COLORS = new Map<string, 'gray' | 'green' | 'yellow'>([
  ['debug', 'gray'],
  ['info', 'green'],
  ['warn', 'yellow'],
])

/** `HH:MM:SS.mmm INFO  sentence`, in local time; the stack of an error follows on its own lines. */
function prettyLine(fields: Readonly<Record<string, unknown>>, color: boolean): string {
  const paint = (format: 'dim' | 'gray' | 'green' | 'yellow' | 'red', word: string): string =>
    color ? styleText(format, word, { validateStream: false }) : word
  const level = plain(fields['level'])
  const shade = LEVEL_COLORS.get(level) ?? 'red'
  const head = `${paint('dim', clock(plain(fields['time'])))} ${paint(shade, level.toUpperCase().padEnd(5))}`
  const line = `${head} ${plain(fields['msg'])}`
  const error = fields['err']
  if (typeof error !== 'object' || error === null || !('stack' in error)) return line
  const stack = typeof error.stack === 'string' ? error.stack.split('\n') : []
  return [line, ...stack.map((frame) => `    ${plain(frame)}`)].join('\n')
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0')

function clock(time: string): string {
  const date = new Date(time)
  const hours = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
  return `${hours}.${pad(date.getMilliseconds(), 3)}`
}

/** A path or an app's message may hold escape sequences; on a terminal they would act. JSON escapes them by itself. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll(/\p{Cc}/gu, '\uFFFD') : ''
}

/** One request, for the access log. */
export interface AccessLine {
  /** null: no route matched. */
  readonly service: string | null
  /** Address of the client, as told by trusted proxies; null on a unix socket that tells none. */
  readonly client: string | null
  readonly method: string
  readonly host: string
  /** May carry a query; it is not logged, because it is where apps put secrets. */
  readonly path: string
  readonly status: number
  /** It waited for a wake. */
  readonly cold: boolean
  /** From the request's head to the end of the exchange. */
  readonly seconds: number
  /** How long it waited of that, where the proxy measures it. */
  readonly heldMs?: number
  /** Bytes of body sent to the client, where the proxy counts them. */
  readonly bytes?: number
}

/** Makes one line a request. Only called at all when `log.access` is on. */
export function createAccessLog(log: Logger): (line: AccessLine) => void {
  return ({ service, client, method, host, path, status, cold, seconds, heldMs, bytes }) => {
    const where = path.split('?', 1)[0] ?? ''
    const ms = seconds * 1000
    const size = bytes === undefined ? '' : ` ${bytes} B`
    const waited = heldMs === undefined ? ', cold' : `, ${formatDuration(heldMs)} of it held`
    const fields = { service, client, method, host, path: where, status, cold, duration_ms: rounded(ms) }
    log.info(
      {
        event: 'request',
        ...fields,
        ...(heldMs === undefined ? {} : { held_ms: rounded(heldMs) }),
        ...(bytes === undefined ? {} : { bytes }),
      },
      `${client ?? '-'} ${method} ${host}${where} ${status}${size} in ${formatDuration(ms)}${cold ? waited : ''}`,
    )
  }
}

/** Says what happens to services and providers: one line each, none for a request or a hold. */
export function logObserver(log: Logger): Observer {
  const lost = new Set<string>()
  return (event) => {
    if (event.type === 'provider_lost') lost.add(event.provider)
    // That a provider answers is news only after it did not.
    if (event.type === 'provider_back' && !lost.delete(event.provider)) return
    const line = describe(event)
    if (line !== null) log[line.level]({ event: event.type, ...subject(event), ...line.fields }, line.text)
  }
}

function subject(event: DomainEvent): Record<string, string> {
  return 'service' in event ? { service: event.service } : { provider: event.provider }
}

/** Says how a reload ended. `trigger` says what asked for it: "SIGHUP", "the file changed", "the admin API". */
export function logReload(
  log: Logger,
  trigger: string,
  result: { ok: true; changed: readonly string[] } | { ok: false; faults: readonly string[] },
): void {
  if (result.ok) {
    const what = result.changed.length === 0 ? 'nothing changed' : result.changed.join(', ')
    log.info(
      { event: 'reload', ok: true, trigger, changed: result.changed },
      `config reloaded (${trigger}): ${what}`,
    )
  } else {
    const why = result.faults.join('; ')
    log.error(
      { event: 'reload', ok: false, trigger, faults: result.faults },
      `config refused (${trigger}); WakeDock goes on with the one it had. ${why}`,
    )
  }
}
