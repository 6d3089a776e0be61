/**
 * Ctrl-C, and its relatives, as a command that lasts meets them: it ends what it has begun and then with the exit code that
 * shells expect of it (POSIX, Shell Command Language, 2.8.2: greater than 128; by custom 128 and the signal's number).
 */
import type { CliIo, SignalName } from './command.ts'

const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const satisfies Record<SignalName, number>

export interface Interrupt {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal
  /** Exit code; null: none has come. */
  readonly code: number | null
  /** Resolves to the exit code at the first signal. */
  readonly came: Promise<number>
}

/** From here on signals end nothing by themselves. */
export function onInterrupt(io: Pick<CliIo, 'onSignal'>): Interrupt {
  const controller = new AbortController()
  const came = Promise.withResolvers<number>()
  let code: number | null = null
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    io.onSignal(name, () => {
      code ??= 128 + NUMBERS[name]
      came.resolve(code)
      controller.abort()
    })
  }
  return {
    signal: controller.signal,
    came: came.promise,
    get code() {
      return code
    },
  }
}
