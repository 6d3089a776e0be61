/** The http.Server behind a proxy, for tests of what only it can do or show. */
import { channel } from 'node:diagnostics_channel'
import { Server } from 'node:http'
import type { Teardown } from './wire.ts'

/** The one that is to serve the next request. */
export function nextServer(t: Teardown): Promise<Server> {
  const { promise, resolve } = Promise.withResolvers<Server>()
  const seen = channel('http.server.request.start')
  const listener = (told: unknown): void => {
    if (typeof told === 'object' && told !== null && 'server' in told && told.server instanceof Server)
      resolve(told.server)
  }
  seen.subscribe(listener)
  t.teardown(() => seen.unsubscribe(listener))
  return promise
}
