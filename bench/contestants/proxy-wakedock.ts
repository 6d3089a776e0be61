/**
 * WakeDock whole, as its image runs it: dist/main.js with routing, leases, metrics and the log of production. The app is a
 * `url:` service, so that no Docker is needed: it differs from a container's only in that it is never put to sleep. A request
 * takes the same way, and is counted by the same lease.
 */
import manifest from '../../package.json' with { type: 'json' }
import { openFolder } from '../folder.ts'
import { freePort, startProgram, type Core, type Place, type Scope } from '../program.ts'
import type { Contestant, Hop } from './proxy-contestant.ts'

export const wakeDock: Contestant = {
  name: 'WakeDock',
  version: () => manifest.version,
  async start(scope, setup) {
    const port = await freePort()
    const { pid } = await startWakeDock(scope, { ...setup, place: port })
    return { port, pids: [pid] }
  },
}

/** It listens on `place`. */
export async function startWakeDock(
  scope: Scope,
  options: {
    main: string
    upstream: number
    services: readonly (readonly string[])[]
    core: Core
    place: Place
  },
): Promise<Hop> {
  const { main, upstream, place, core } = options
  const listen = typeof place === 'number' ? `127.0.0.1:${place}` : `unix:${place}`
  const services = options.services.map(
    (hosts, index) => `  s${index}: { hosts: [${hosts.join(', ')}], url: "http://127.0.0.1:${upstream}" }`,
  )
  const folder = await openFolder(scope)
  const file = await folder.write(
    'wakedock.yaml',
    `listen: "${listen}"\nadmin: { listen: "127.0.0.1:0" }\nlog: { format: json }\nservices:\n${services.join('\n')}\n`,
  )
  const { pid } = await startProgram(scope, {
    command: [process.execPath, '--max-semi-space-size=8', main, 'serve', '--config', file],
    core,
    listens: place,
    env: { NODE_ENV: 'production' },
  })
  return { place, pid }
}
