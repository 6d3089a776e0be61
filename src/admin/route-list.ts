/**
 * The routes of the admin API as a list: which methods a path takes, for those who come with another one (fastify itself only
 * says "not found"), and what there is to describe.
 */
import type { FastifyInstance } from 'fastify'
import type { Scope } from '../config/settings.ts'

export interface KnownRoute {
  readonly method: string
  /** As fastify writes it: /api/v1/services/:name */
  readonly path: string
  readonly scope: Scope | 'open'
  /** The schema that requests are checked and answers written by; undefined: none. */
  readonly schema: object | undefined
}

export interface RouteList {
  readonly all: readonly KnownRoute[]
  /** The methods of a path, which may be none. */
  methodsAt(path: string): readonly string[]
}

/** Call it before the routes are made. */
export function createRouteList(app: FastifyInstance): RouteList {
  const all: KnownRoute[] = []
  app.addHook('onRoute', ({ method, url, config, schema }) => {
    for (const one of [method].flat())
      all.push({ method: one, path: url, scope: config?.scope ?? 'read', schema })
  })
  return {
    all,
    methodsAt: (path) => [
      ...new Set(all.filter((route) => fits(route.path, path)).map(({ method }) => method)),
    ],
  }
}

/** The shapes that are used here: whole segments, ":name" for one of them, and "*" for all the rest. */
function fits(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  const rest = wanted.at(-1) === '*'
  if (rest ? given.length < wanted.length : given.length !== wanted.length) return false
  return wanted.every(
    (segment, index) =>
      (rest && index === wanted.length - 1) ||
      (segment.startsWith(':') ? given[index] !== '' : segment === given[index]),
  )
}
