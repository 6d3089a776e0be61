/**
 * What happened to a container according to Docker itself, with its times: the only witness that is neither WakeDock nor
 * the app behind it.
 */
import { until, type TestDocker } from '../helpers/docker.ts'

export interface EngineEvent {
  /** Of the container, without the prefix of its test: `db`. */
  readonly suffix: string
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

export interface Order {
  /** What happened to them, in order, as `db start`: these actions only, or the starts and ends. */
  order(actions?: readonly string[]): Promise<string[]>
  /** Waits until as many of these have happened as the list says, and gives the order of all of them. */
  orderAfter(count: number, actions?: readonly string[]): Promise<string[]>
}

/** Opens the record of several containers, as one. */
export function recordOf(docker: TestDocker, ...suffixes: string[]): Order {
  const events = eventsOf(docker, suffixes)
  const order: Order['order'] = async (actions = ['start', 'die']) =>
    (await events())
      .filter(({ action }) => actions.includes(action))
      .map(({ suffix, action }) => `${suffix} ${action}`)
  return {
    order,
    orderAfter: (count, actions) =>
      until(
        `${count} events of ${suffixes.join(', ')}`,
        async () => {
          const all = await order(actions)
          return all.length >= count && all
        },
        PATIENCE,
      ),
  }
}

/** Opens the record of the container with this suffix. Open it before anything is done to the container. */
export function historyOf(docker: TestDocker, suffix: string): History {
  const all = eventsOf(docker, [suffix])
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

function eventsOf(docker: TestDocker, suffixes: readonly string[]): () => Promise<EngineEvent[]> {
  const since = Date.now()
  const names = new Map(suffixes.map((suffix) => [docker.name(suffix), suffix]))
  return async () =>
    (await docker.events()).flatMap(({ name, action, at }) => {
      const suffix = names.get(name)
      return suffix === undefined || at < since ? [] : [{ suffix, action, at }]
    })
}
