/**
 * Whether WakeDock is up (/healthz) and can do its work (/readyz). For container healthchecks and load balancers, which
 * have no token: so anybody gets the bare answer, and only callers that may read get the version and what is wrong.
 */
import type { FastifyInstance } from 'fastify'
import type { AdminOptions } from './server.ts'
import { callerOf, type Access } from './access.ts'

export function healthRoutes(app: FastifyInstance, options: AdminOptions, access: Access): void {
  const { health, version } = options

  app.get('/healthz', { config: { scope: 'open' } }, (request) => ({
    status: 'ok',
    ...(access.allows(callerOf(request.raw), 'read') ? { version } : {}),
  }))

  app.get('/readyz', { config: { scope: 'open' } }, async (request, reply) => {
    const { ok, problems } = health.ready()
    const detail = access.allows(callerOf(request.raw), 'read') ? { problems } : {}
    return reply.code(ok ? 200 : 503).send({ status: ok ? 'ready' : 'not ready', ...detail })
  })
}
