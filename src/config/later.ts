/**
 * Options that WakeDock's documents describe but this version does not have. They are refused as what they are: "did you
 * mean" would send an admin looking for a typing error that is not there. Take a line out when its feature arrives.
 */
import type { Path } from './schema-node.ts'

const ROOT = new Set(['caddy', 'webhooks'])
const SERVICE = new Set(['waiting'])

/** Whether `key`, beneath `parent`, belongs to a version to come. */
export function comesLater(parent: Path, key: string): boolean {
  if (parent.length === 0) return ROOT.has(key)
  const [top] = parent
  const inService = top === 'services' && parent.length === 2
  return (inService || (top === 'defaults' && parent.length === 1)) && SERVICE.has(key)
}
