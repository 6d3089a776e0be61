/** What local processes inherit of WakeDock's environment, where its own secrets are as well: everything else. */
import type { Environment } from './environment.ts'
import type { Settings } from './settings.ts'

/** Characters. A part of an address that is shorter is hardly a secret, and may well be somebody else's value: a name, a port. */
const SHORTEST = 16

/** Without WakeDock's own settings (WAKEDOCK_…), and without what holds a secret that is in force. */
export function inheritable(
  env: Environment,
  { admin, webhooks }: Pick<Settings, 'admin' | 'webhooks'>,
): Environment {
  const secrets = new Set<string | undefined>([
    ...admin.tokens.map(({ token }) => token.reveal()),
    ...webhooks.flatMap(({ url, secret }) => [...partsOf(url.reveal()), secret?.reveal()]),
  ])
  const kept = Object.entries(env).filter(
    ([name, value]) => !name.startsWith('WAKEDOCK_') && (value === undefined || !secrets.has(value)),
  )
  return Object.fromEntries(kept)
}

/**
 * The address, and what of it may have come from a variable of its own: `https://:${NTFY_TOKEN}@ntfy.example.com/topic`. As it is
 * written, since variables are put in as text. Its host is no secret.
 */
function partsOf(url: string): string[] {
  const host = URL.parse(url)?.hostname
  const parts = url.split(/[/:@?&=#]+/).filter((part) => part.length >= SHORTEST && part !== host)
  return [url, ...parts]
}
