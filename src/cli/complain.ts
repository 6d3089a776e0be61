/** What goes wrong, and what is worth knowing beside the result: on standard error, and on a terminal in lines of whole words. */
import type { CliIo } from './command.ts'
import { wrap } from './text-width.ts'

/** "wakedock: …", each line of `message` as one. */
export function complain(io: Pick<CliIo, 'stderr' | 'stderrIsTTY' | 'columns'>, message: string): void {
  const columns = io.stderrIsTTY && io.columns > 0 ? io.columns : Infinity
  const lines = `wakedock: ${message}`.split('\n').flatMap((line) => wrap(line, columns))
  io.stderr.write(`${lines.join('\n')}\n`)
}
