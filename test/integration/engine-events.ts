/**
 * What happened to a container according to Docker itself, with its times: the only witness that is neither WakeDock nor
 * the app behind it.
 */
import { until, type TestDocker } from '../helpers/docker.ts'

export interface EngineEvent {
  /** create, start, kill, die, stop, pause … */
  readonly action: string
  /** Milliseconds since the Unix epoch. Engine and test share a machine, and with it a clock. */
  readonly at: number
}

export interface History {
  /** Everything since the history was opened, in order; a recreated container's past included. */
  all(): Promise<EngineEvent[]>
  /** How often an action happened. */
  count(action: string): Promise<number>
  /** When an action happened first; waits for it. */
  first(action: string): Promise<number>
}

/** A stop that the test waits for may lie behind an idle timeout, a grace and a busy machine. */
const PATIENCE = 60_000

/** Opens the record of the container with this suffix. Open it before anything is done to the container. */
export function historyOf(docker: TestDocker, suffix: string): History {
  const since = Date.now() / 1000
  const all: History['all'] = async () => {
    const stream = await docker.api.getEvents({
      since,
      until: Date.now() / 1000,
      filters: { type: ['container'], container: [docker.name(suffix)] },
    })
    let text = ''
    stream.setEncoding('utf8')
    for await (const chunk of stream) text += String(chunk)
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const event: { Action: string; timeNano: number } = JSON.parse(line)
        return { action: event.Action, at: event.timeNano / 1e6 }
      })
  }
  return {
    all,
    count: async (action) => (await all()).filter((event) => event.action === action).length,
    first: (action) =>
      until(
        `${action} of ${suffix}`,
        async () => (await all()).find((event) => event.action === action)?.at,
        PATIENCE,
      ),
  }
}
