/**
 * Options that WakeDock's documents describe but this version does not have. They are refused as what they are: "did you
 * mean" would send an admin looking for a typing error that is not there. Take a line out when its feature arrives.
 */
import type { Path } from './schema-node.ts'

const ROOT = new Set(['caddy', 'webhooks'])
const DOCKER = new Set(['labels'])
const SERVICE = new Set([
  'containers',
  'compose',
  'depends_on',
  'stream_idle_timeout',
  'sleep_mode',
  'waiting',
  'ignore',
  'schedule',
  'timezone',
  'busy',
])
const READY = new Set(['health'])

/** Later options that would say what is behind a service. */
export const LATER_TARGETS = ['containers', 'compose']

/** Whether `key`, beneath `parent`, belongs to a version to come. */
export function comesLater(parent: Path, key: string): boolean {
  const [top, , third] = parent
  if (parent.length === 0) return ROOT.has(key)
  if (top === 'docker') return parent.length === 1 && DOCKER.has(key)
  const inService = top === 'services' && parent.length === 2
  if (inService || (top === 'defaults' && parent.length === 1)) return SERVICE.has(key)
  const inReady = (top === 'services' && third === 'ready') || (top === 'defaults' && parent[1] === 'ready')
  return inReady && READY.has(key)
}
