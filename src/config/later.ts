/**
 * Options that WakeDock's documents describe but this version does not have. They are refused as what they are: "did you
 * mean" would send an admin looking for a typing error that is not there. Take a line out when its feature arrives.
 */
import type { Path } from './schema-node.ts'

const ROOT = new Set(['caddy'])

/** Whether `key`, beneath `parent`, belongs to a version to come. */
export function comesLater(parent: Path, key: string): boolean {
  return parent.length === 0 && ROOT.has(key)
}
