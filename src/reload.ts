/** What a reload has changed, in words, and what of it a running daemon cannot take over. */
import { isDeepStrictEqual } from 'node:util'
import type { Settings } from './config/settings.ts'
import type { Service } from './domain/service.ts'

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

/** "blog added", "wiki removed", "shop changed", "general settings changed". Empty: nothing that matters. */
export function describeChange(before: Settings, next: Settings): string[] {
  const [old, now] = [stacks(before), stacks(next)]
  const changes = [...now].flatMap(([name, stack]) => {
    const was = old.get(name)
    if (was === undefined) return [`${name} added`]
    return isDeepStrictEqual(was, stack) ? [] : [`${name} changed`]
  })
  changes.push(...[...old.keys()].filter((name) => !now.has(name)).map((name) => `${name} removed`))
  // What stacks are made of shows in their services.
  const { services: _before, compose: _composed, ...rest } = before
  const { services: _next, compose: _compose, ...others } = next
  // Secrets are compared as they are used: they show nothing to a deep comparison.
  const secrets = ({ admin, webhooks }: Settings): string =>
    JSON.stringify([
      admin.tokens.map((t) => [t.name, t.scope, t.token.reveal()]),
      webhooks.map(({ url, secret }) => [url.reveal(), secret?.reveal()]),
    ])
  if (!isDeepStrictEqual(rest, others) || secrets(before) !== secrets(next))
    changes.push('general settings changed')
  return changes
}

/** Each service with its parts ("blog/db"), whose change is its own. */
function stacks({ services }: Settings): Map<string, Service[]> {
  return Map.groupBy(services, ({ name }) => name.split('/', 1)[0] ?? name)
}
