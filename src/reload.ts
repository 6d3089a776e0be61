/** What a reload has changed, in words, and what of it a running daemon cannot take over. */
import { isDeepStrictEqual } from 'node:util'
import type { Settings } from './config/settings.ts'

/** Keys of the config that changed and that only a restart puts in force. */
export function needsRestart(before: Settings, next: Settings): string[] {
  const fixed: Record<string, (settings: Settings) => unknown> = {
    listen: ({ listen }) => listen,
    'admin.listen': ({ admin }) => admin.listen,
    docker: ({ docker }) => docker,
    'log.format': ({ log }) => log.format,
    'log.access': ({ log }) => log.access,
  }
  return Object.entries(fixed)
    .filter(([, of]) => !isDeepStrictEqual(of(before), of(next)))
    .map(([key]) => key)
}

/** "added blog", "removed wiki", "changed shop, settings". Empty: nothing that matters. */
export function describeChange(before: Settings, next: Settings): string[] {
  const old = new Map(before.services.map((service) => [service.name, service]))
  const changes: string[] = []
  for (const service of next.services) {
    const was = old.get(service.name)
    old.delete(service.name)
    if (was === undefined) changes.push(`${service.name} added`)
    else if (!isDeepStrictEqual(was, service)) changes.push(`${service.name} changed`)
  }
  changes.push(...[...old.keys()].map((name) => `${name} removed`))
  const { services: _before, ...rest } = before
  const { services: _next, ...others } = next
  // Tokens are compared as they are used: a Secret shows nothing to a deep comparison.
  const tokens = ({ admin }: Settings): string =>
    JSON.stringify(admin.tokens.map((t) => [t.name, t.scope, t.token.reveal()]))
  if (!isDeepStrictEqual(rest, others) || tokens(before) !== tokens(next))
    changes.push('general settings changed')
  return changes
}
