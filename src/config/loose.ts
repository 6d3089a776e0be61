/**
 * The file as the rules see it: what the schema has left of it, with holes where the faults were.
 */
import type { Path } from './schema-node.ts'
import type { Config } from './schema.ts'
import type { ServiceConfig } from './service-schema.ts'
import type { Loose } from './validate.ts'

export type LooseConfig = Loose<Config>
export type LooseService = Loose<ServiceConfig>

/** Whether the file has something at a path that the rules do not see, because it was refused already. */
export type Spoiled = (path: Path) => boolean

/** The services, each with its path. */
export function services(config: LooseConfig): readonly [path: Path, service: LooseService][] {
  return Object.entries(config.services ?? {}).flatMap(([name, service]) =>
    service ? [[['services', name], service] as const] : [],
  )
}

/** A value, or the list of them, each with its path; holes are left out. */
export function* each(value: Loose<string | string[]> | undefined, path: Path): Generator<[string, Path]> {
  if (typeof value === 'string') yield [value, path]
  else
    for (const [index, item] of (value ?? []).entries())
      if (item !== undefined) yield [item, [...path, index]]
}
