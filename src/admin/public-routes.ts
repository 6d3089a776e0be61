/** What is asked without a token, beside health: Caddy's question before it gets a certificate, and what this API is like. */
import type { FastifyInstance } from 'fastify'
import type { XStatic } from 'typebox/schema'
import { NoQuery } from './schemas.ts'

const AskQuery = {
  type: 'object',
  required: ['domain'],
  // RFC 1035 section 2.3.4: no name is longer.
  properties: { domain: { type: 'string', minLength: 1, maxLength: 254, description: 'A host name.' } },
  additionalProperties: false,
} as const

/** `serves`: whether a host name, in lower case and without a trailing dot, leads to a service. */
export function publicRoutes(app: FastifyInstance, serves: (host: string) => boolean): void {
  // https://caddyserver.com/docs/caddyfile/options#on-demand-tls: any status of the 200s is a yes. Caddy has no token.
  app.get<{ Querystring: XStatic<typeof AskQuery> }>(
    '/api/v1/caddy/ask',
    { config: { scope: 'open' }, schema: { querystring: AskQuery } },
    ({ query: { domain } }, reply) => {
      const host = domain.toLowerCase().replace(/\.$/, '')
      // An asterisk is no name, though it would match one.
      return reply.code(!host.includes('*') && serves(host) ? 200 : 404).send()
    },
  )

  app.get(
    '/api/v1/openapi.json',
    { config: { scope: 'open' }, schema: { querystring: NoQuery } },
    async (_request, reply) => {
      // Loaded by the first who asks: it is as large as the rest of the API, and most daemons are never asked.
      const { default: description } = await import('./openapi.generated.json', { with: { type: 'json' } })
      return reply.type('application/json; charset=utf-8').send(JSON.stringify(description))
    },
  )
}
