/** Caddy's reverse_proxy: what most users of WakeDock have in front of it, and could have instead of it. */
import { openFolder } from '../folder.ts'
import { freePort, startProgram, versionOf, type Core, type Place, type Scope } from '../program.ts'
import type { Contestant, RunningProxy } from './proxy-contestant.ts'

/**
 * Idle connections Caddy keeps to an upstream. Its own default, 32, makes it dial again and again under 64 connections; WakeDock's
 * examples set this, so Caddy alone gets it too: it is to be compared at its best.
 */
export const KEPT = 512

export const caddy: Contestant = {
  name: 'Caddy',
  version: () => versionOf('caddy', 'version'),
  start: (scope, { upstream, services, core }) => startCaddy(scope, { upstream, services, core, kept: KEPT }),
}

/** `kept`: null, Caddy's default. */
export async function startCaddy(
  scope: Scope,
  options: { upstream: Place; services: readonly (readonly string[])[]; core: Core; kept: number | null },
): Promise<RunningProxy> {
  const port = await freePort()
  const { upstream, kept, core } = options
  const to = typeof upstream === 'number' ? `127.0.0.1:${upstream}` : `unix/${upstream}`
  const transport =
    kept === null ? '' : ` {\n\t\ttransport http {\n\t\t\tkeepalive_idle_conns_per_host ${kept}\n\t\t}\n\t}`
  const sites = options.services.map(
    (hosts) =>
      `${hosts.map((host) => `http://${host}:${port}`).join(', ')} {\n\tbind 127.0.0.1\n\treverse_proxy ${to}${transport}\n}\n`,
  )
  const folder = await openFolder(scope)
  const file = await folder.write('Caddyfile', `{\n\tadmin off\n\tauto_https off\n}\n${sites.join('')}`)
  const { pid } = await startProgram(scope, {
    command: ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
    core,
    listens: port,
    // Where Caddy saves what it runs.
    env: {
      HOME: folder.path,
      XDG_CONFIG_HOME: folder.path,
      XDG_DATA_HOME: folder.path,
      ...(core !== 'any' && { GOMAXPROCS: '1' }),
    },
  })
  return { port, pids: [pid] }
}
