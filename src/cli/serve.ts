/**
 * `wakedock serve`: the daemon's life as a process. Reads the config, starts the daemon, reloads it on SIGHUP and when
 * the file changes, and ends it on SIGTERM or SIGINT: first politely, and on the second signal now.
 */
import { formatFault, loadConfig, type Fault } from '../config/load.ts'
import type { Secret, Settings } from '../config/settings.ts'
import { watchFile } from '../config/watch.ts'
import { createLogger, type Logger } from '../log.ts'
import { TargetError } from '../errors.ts'
import { wantsColor, type CliIo, type Command } from './command.ts'
import { CONFIG_OPTION, findConfig } from './config-path.ts'
import { inTurn } from './in-turn.ts'
import { whyNoListener } from './listen-error.ts'

/** What serve needs of the daemon; daemon.ts provides it. */
export interface RunningDaemon {
  readonly addresses: { readonly proxy: readonly string[]; readonly admin: string }
  /** Reads the config again and takes it over, or changes nothing. Logs the outcome itself: the admin API calls it too. */
  reload(trigger: string): Promise<unknown>
  /** Ends what is open, within its own deadlines. */
  close(): Promise<void>
}

export interface StartOptions {
  readonly settings: Settings
  /** What they were read from, and what was said of it. */
  readonly text: Secret
  readonly warnings: readonly Fault[]
  readonly log: Logger
  readonly version: string
  /** What local processes inherit. */
  readonly env: CliIo['env']
  /** Reads the same config file again. */
  readonly load: () => ReturnType<typeof loadConfig>
}

/** The outside of the daemon, beside that of every command. */
export interface ServeIo extends CliIo {
  readonly startDaemon: (options: StartOptions) => Promise<RunningDaemon>
  /** Where what nobody caught is reported, from now on. */
  onFatal(report: (error: unknown) => void): void
}

export const command: Command<ServeIo> = {
  name: 'serve',
  summary: 'run the daemon (the default)',
  usage: '[--config FILE]',
  options: { config: CONFIG_OPTION },
  positionals: [0, 0],
  examples: [
    ['wakedock serve', 'with ./wakedock.yaml or /etc/wakedock/wakedock.yaml'],
    ['wakedock serve --config blog.yaml', 'with another config file'],
  ],
  notes:
    'SIGTERM and SIGINT end it once running requests have ended; a second one ends it at once.\nSIGHUP, or a change of the file, reloads the config; a file with faults changes nothing.',
  async run(args, io) {
    const file = findConfig(args, io)
    const reloads = collectReloads()
    io.onSignal('SIGHUP', () => reloads.ask('SIGHUP'))
    // Watched before it is read: a change in between is a reload, not a change nobody saw.
    const watch = await watchFile(file, () => reloads.ask('the file changed'))
    try {
      return await serve(
        inTurn(() => loadConfig(file, io.env)),
        reloads,
        io,
      )
    } finally {
      watch.close()
    }
  },
}

async function serve(load: StartOptions['load'], reloads: Reloads, io: ServeIo): Promise<number> {
  const config = await load()
  if (!config.ok) {
    for (const fault of config.faults) io.stderr.write(`${formatFault(fault)}\n`)
    return 1
  }
  const { settings, text, warnings } = config
  const { level, format } = settings.log
  const log = await createLogger({ level, format, tty: io.isTTY, color: wantsColor(io) })
  io.onFatal((error) =>
    log.fatal({ event: 'bug', err: error }, 'WakeDock ends: an error that nothing caught'),
  )
  for (const fault of config.warnings) log.warn({ event: 'config_warning' }, formatFault(fault))

  const ending = endSignals(io, log)
  let daemon: RunningDaemon
  try {
    daemon = await io.startDaemon({ settings, text, warnings, log, load, version: io.version, env: io.env })
  } catch (error) {
    const why = whyNoListener(error)
    // The stack of an everyday mistake would only bury what to do about it.
    if (why !== null) log.fatal({ event: 'start_failed' }, `WakeDock cannot start: ${why}`)
    else {
      const hint = error instanceof TargetError ? ` ${error.hint}` : ''
      log.fatal({ event: 'start_failed', err: error }, `WakeDock cannot start: ${messageOf(error)}${hint}`)
    }
    return 1
  }
  const { proxy, admin } = daemon.addresses
  log.info({ event: 'listening', proxy }, `WakeDock ${io.version} listens on ${proxy.join(', ')}`)
  log.info({ event: 'listening', admin }, `the admin API and the metrics are on ${admin}`)
  reloads.attach(daemon, log)

  await ending.first
  const closed = daemon.close().then(
    () => 0,
    (error: unknown) => {
      log.error({ event: 'close_failed', err: error }, `WakeDock did not end cleanly: ${messageOf(error)}`)
      return 1
    },
  )
  const code = await Promise.race([closed, ending.second.then(() => 1)])
  log.info({ event: 'ended' }, 'WakeDock has ended; containers are left running')
  return code
}

interface Reloads {
  ask(trigger: string): void
  /** From here on asking reloads; what was asked for earlier is done now. */
  attach(daemon: RunningDaemon, log: Logger): void
}

/** Keeps what is asked before there is a daemon. */
function collectReloads(): Reloads {
  let asked: string | null = null
  let reload = (trigger: string): void => {
    asked = trigger
  }
  return {
    ask: (trigger) => reload(trigger),
    attach(daemon, log) {
      reload = (trigger) => {
        daemon.reload(trigger).catch((error: unknown) => {
          log.error({ event: 'reload_failed', err: error }, `the reload failed: ${messageOf(error)}`)
        })
      }
      if (asked !== null) reload(asked)
    },
  }
}

/** The first signal asks for an end, the second one orders it. One that comes during the start counts as well. */
function endSignals(io: ServeIo, log: Logger): { first: Promise<void>; second: Promise<void> } {
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  let seen = 0
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    io.onSignal(name, () => {
      seen++
      if (seen > 1) return second.resolve()
      log.info(
        { event: 'ending', signal: name },
        `${name}: WakeDock ends when running requests have; once more ends it now`,
      )
      first.resolve()
    })
  }
  return { first: first.promise, second: second.promise }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
