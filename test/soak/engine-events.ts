/** The engine's own record of the soak's containers, kept while it goes on: an engine forgets all but the last few. */
import type { Scope, TestDocker } from '../helpers/docker.ts'
import { setTimeout as delay } from 'node:timers/promises'
import type { EngineEvent } from './evidence.ts'

/** Follows the engine directly, not by the connection that is cut. */
export async function followEngine(
  t: Scope,
  docker: TestDocker,
): Promise<{ all(): Promise<readonly EngineEvent[]> }> {
  const prefix = docker.name('')
  const events: EngineEvent[] = []
  const stream = await docker.api.getEvents({ filters: { type: ['container'] } })
  let rest = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { Action, timeNano, Actor }: RawEvent = JSON.parse(line)
      const { name = '', exitCode = null } = Actor.Attributes
      if (!name.startsWith(prefix)) continue
      events.push({ at: timeNano / 1e6, container: name.slice(prefix.length), action: Action, exitCode })
    }
  })
  t.teardown(() => {
    if ('destroy' in stream && typeof stream.destroy === 'function') Reflect.apply(stream.destroy, stream, [])
  })
  return {
    async all() {
      // What is on its way.
      await delay(200)
      return events
    },
  }
}

interface RawEvent {
  readonly Action: string
  readonly timeNano: number
  readonly Actor: { readonly Attributes: { readonly name?: string; readonly exitCode?: string } }
}
