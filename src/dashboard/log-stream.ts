/** Follows the log of a service while somebody looks, and hands its lines on once a frame. */
import type { Api } from './api.ts'
import { textOf } from './live.ts'
import { createLineReader, type Line } from './log-lines.ts'

/** Past lines that are asked for. */
const TAIL = 500

export interface LogListener {
  readonly lines: (lines: readonly Line[]) => void
  /** null: it came to its end. Else what was thrown. */
  readonly ended: (error: unknown) => void
}

/** Until it ends, or the function returned is called: then nobody is told any more. */
export function followLog(api: Pick<Api, 'open'>, name: string, { lines, ended }: LogListener): () => void {
  const stop = new AbortController()
  const { signal } = stop
  let waiting: Line[] = []
  let frame = 0
  const flush = (): void => {
    frame = 0
    if (signal.aborted) return
    lines(waiting)
    waiting = []
  }
  const run = async (): Promise<void> => {
    const path = `api/v1/services/${encodeURIComponent(name)}/logs?tail=${TAIL}&follow=true`
    const response = await api.open(path, { headers: { accept: 'application/x-ndjson' }, signal })
    // It is there, and may say nothing for a long time.
    lines([])
    const reader = createLineReader()
    for await (const text of textOf(response)) {
      waiting.push(...reader.push(text))
      if (frame === 0 && waiting.length > 0) frame = requestAnimationFrame(flush)
    }
  }
  const tell = (error: unknown) => (): void => {
    if (signal.aborted) return
    if (waiting.length > 0) flush()
    ended(error)
  }
  run().then(tell(null), (error: unknown) => tell(error)())
  return () => {
    stop.abort()
    cancelAnimationFrame(frame)
  }
}
