/**
 * The last lines that a process has printed, kept over its sleeps: there is no Docker that would. A reader holds no lines of
 * its own, only the number of the next one it wants, so a slow one costs nothing; what has been forgotten before it came
 * to it, it is told of.
 */
import type { LogLine, LogOptions } from '../../domain/ports.ts'

/** Lines kept of a process, and bytes of their text at most: some few of a program that prints whole dumps. */
const LINES_KEPT = 1_000
const BYTES_KEPT = 256 * 1024

export class RecentLines {
  #lines: LogLine[] = []
  #bytes = 0
  /** Lines before the first of #lines. */
  #forgotten = 0
  readonly #readers = new Set<() => void>()

  add(line: LogLine): void {
    this.#lines.push(line)
    this.#bytes += line.text.length
    while (this.#lines.length > LINES_KEPT || (this.#bytes > BYTES_KEPT && this.#lines.length > 1)) {
      this.#bytes -= this.#lines.shift()?.text.length ?? 0
      this.#forgotten += 1
    }
    for (const wake of this.#readers) wake()
  }

  /** As Insight.logs. */
  async *read({ tail, follow, signal }: LogOptions): AsyncGenerator<LogLine> {
    let next = this.#forgotten + Math.max(0, this.#lines.length - tail)
    while (!signal.aborted) {
      if (next < this.#forgotten) {
        yield lost(this.#forgotten - next, this.#lines[0]?.at ?? null)
        next = this.#forgotten
        continue
      }
      const line = this.#lines[next - this.#forgotten]
      if (line !== undefined) {
        next += 1
        yield line
      } else if (follow) await this.#more(signal)
      else return
    }
  }

  /** Resolves at the next line, or when the signal aborts. */
  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#readers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#readers.add(wake)
      signal.addEventListener('abort', wake)
    })
  }
}

function lost(lines: number, at: number | null): LogLine {
  const text = `(${lines} lines are missing here: they came faster than they were read)`
  return { at, stream: 'stderr', text }
}
