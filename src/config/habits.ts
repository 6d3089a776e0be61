/**
 * Keys that people write out of habit, from Docker Compose and from other proxies, and what WakeDock calls them. "The
 * options here are …" is no help to somebody who has just pasted a compose file.
 */

const STAYS = 'it stays in your compose file; WakeDock takes the container by its name: container'
const PROCESS = 'write it under process; a container keeps what it was created with'
const URL = 'write url for an upstream that is always on, or container'

const REMEDIES: ReadonlyMap<string, string> = new Map([
  ...['image', 'build', 'volumes', 'networks', 'restart', 'labels', 'healthcheck', 'env_file', 'user'].map(
    (key) => [key, STAYS] as const,
  ),
  ...['command', 'entrypoint', 'environment', 'env', 'cwd'].map((key) => [key, PROCESS] as const),
  ...['upstream', 'upstreams', 'backend', 'target', 'proxy_pass', 'reverse_proxy'].map(
    (key) => [key, URL] as const,
  ),
  ['domain', 'write hosts'],
  ['domains', 'write hosts'],
  ['server_name', 'write hosts'],
  ['timeout', 'write idle_timeout for when it sleeps, start_timeout for how long a wake may take'],
])

/** The remedy for `key` in a service; undefined where it is no known habit. */
export function habit(key: string): string | undefined {
  return REMEDIES.get(key.toLowerCase())
}
