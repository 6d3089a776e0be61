/**
 * The admin listener: health, metrics and the API, on an address of its own, so that nothing a visitor of a service can
 * send reaches it. Every request passes access.ts first, paths that do not exist included.
 */
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { Control } from '../domain/gate.ts'
import type { Listen, Scope, Token } from '../config/settings.ts'
import { callerOf, createAccess } from './access.ts'
import { healthRoutes } from './health-routes.ts'
import { AdminError, PROBLEM_TYPE, toAdminError, toProblem } from './problems.ts'
import { serviceRoutes, type ReadDuration } from './service-routes.ts'
import { removeStaleSocket, restrictSocket } from './unix-socket.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a token must allow; open: no token needed. Default: read. */
    scope?: Scope | 'open'
  }
}

export type ReloadOutcome =
  | { readonly ok: true; readonly changed: readonly string[] }
  | { readonly ok: false; readonly faults: readonly string[] }

export interface AdminOptions {
  readonly settings: { readonly listen: Listen; readonly tokens: readonly Token[] }
  readonly control: Control
  readonly metrics: { render(): Promise<string>; readonly contentType: string }
  /** `problems` are sentences for an admin: shown to callers that may read, not to anybody. */
  readonly health: { ready(): { readonly ok: boolean; readonly problems: readonly string[] } }
  /** Reads the config again and takes it over. */
  readonly reload: () => Promise<ReloadOutcome>
  /** How long a pin lasts. */
  readonly readDuration: ReadDuration
  readonly version: string
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
  /** Milliseconds on a clock that never jumps. Default performance.now. */
  readonly now?: () => number
}

export interface AdminServer {
  /** Resolves to the address that clients use: http://127.0.0.1:9090 or unix:/path. */
  listen(): Promise<string>
  /** Takes no new request and waits for those under way, `deadline` milliseconds at most. Default 5 s. */
  close(deadline?: number): Promise<void>
  /** Takes over new tokens. Throws when none are left on an address that other machines can reach. */
  update(settings: { readonly tokens: readonly Token[] }): void
}

/** What is used of fastify's, so that its generics need not fit. */
type Request = Pick<FastifyRequest, 'raw' | 'method' | 'url' | 'headers' | 'routeOptions'>
type Reply = Pick<FastifyReply, 'header' | 'headers' | 'code' | 'type' | 'send'>

/** An order is a few bytes; everything larger is a mistake. */
const MAX_BODY = 16 * 1024
/** For the whole request to arrive. Answers may take longer: `?wait=true` waits for a wake. */
const REQUEST_TIMEOUT = 10_000

export function createAdminServer(options: AdminOptions): AdminServer {
  const { settings, control, metrics, log, now = () => performance.now() } = options
  const { listen } = settings
  const access = createAccess(listen, settings.tokens, now)

  /** Before everything else. Throws AdminError. */
  const admit = (request: Request, reply: Reply, scope: Scope | 'open'): void => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    if (scope === 'open') return
    const who = access.authorize(callerOf(request.raw), scope)
    if (who !== null && scope === 'operate') {
      const order = `${request.method} ${request.url.split('?', 1)[0]}`
      // Not "token": the logger takes that for the token itself, and hides it.
      log.info({ event: 'order', token_name: who, order }, `${who} asks: ${order}`)
    }
  }

  /** Whatever was thrown, as the answer. */
  const fail = (thrown: unknown, request: Request, reply: Reply): void => {
    const error = toAdminError(thrown) ?? new AdminError('WAKEDOCK_INTERNAL', 'See the log of the daemon.')
    if (error.code === 'WAKEDOCK_INTERNAL') {
      log.error(
        { event: 'admin_error', err: thrown },
        `the admin API failed at ${request.method} ${request.routeOptions.url ?? '?'}`,
      )
    } else if (error.code === 'WAKEDOCK_UNAUTHORIZED' && request.headers.authorization !== undefined) {
      const client = callerOf(request.raw).address ?? 'a program on the socket'
      log.warn({ event: 'admin_refused', client }, `${client} sent the admin API a wrong token`)
    }
    void reply.code(error.status).headers(error.headers).type(PROBLEM_TYPE).send(toProblem(error))
  }

  const app = fastify({
    bodyLimit: MAX_BODY,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: 30_000,
    forceCloseConnections: 'idle',
    http: { headersTimeout: REQUEST_TIMEOUT },
    routerOptions: { maxParamLength: 200 },
    // A path that cannot be decoded ends here, past every hook.
    frameworkErrors(thrown, request, reply) {
      try {
        admit(request, reply, 'read')
        fail(thrown, request, reply)
      } catch (refusal) {
        fail(refusal, request, reply)
      }
    },
    // Fastify's defaults drop unknown fields and turn "no" into a boolean: an order with a typing error would pass.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: false } },
  })

  // JSON only: a form of another site can send text/plain without asking first, never application/json.
  app.removeContentTypeParser('text/plain')

  // fastify's own 404 has no config of its own, and asks for a token before it tells which paths exist.
  app.addHook('onRequest', (request, reply, done) => {
    admit(request, reply, request.routeOptions.config.scope ?? 'read')
    done()
  })

  // An order without a body is an order with an empty one.
  app.addHook('preValidation', (request, _reply, done) => {
    request.body ??= {}
    done()
  })

  app.setErrorHandler(fail)

  app.setNotFoundHandler((request) => {
    throw new AdminError(
      'WAKEDOCK_NOT_FOUND',
      `There is no ${request.method} ${request.url.split('?', 1)[0]}.`,
    )
  })

  healthRoutes(app, options, access)
  serviceRoutes(app, control, options.readDuration)

  app.get('/metrics', { config: { scope: 'read' } }, async (_request, reply) => {
    return reply.type(metrics.contentType).send(await metrics.render())
  })

  app.post('/api/v1/config/reload', { config: { scope: 'operate' } }, async () => {
    const result = await options.reload()
    if (result.ok) return { changed: result.changed }
    throw new AdminError('WAKEDOCK_CONFIG_REFUSED', result.faults.join('\n'), {
      extensions: { faults: result.faults },
    })
  })

  return {
    async listen() {
      if (listen.kind === 'tcp') {
        await app.listen({ host: listen.host, port: listen.port })
        const bound = app.server.address()
        const port = typeof bound === 'object' && bound !== null ? bound.port : listen.port
        return `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}`
      }
      await removeStaleSocket(listen.path)
      await app.listen({ path: listen.path })
      await restrictSocket(listen.path)
      return `unix:${listen.path}`
    },
    async close(deadline = 5000) {
      const timer = setTimeout(() => app.server.closeAllConnections(), deadline)
      try {
        await app.close()
      } finally {
        clearTimeout(timer)
      }
    },
    update({ tokens }) {
      access.update(tokens)
    },
  }
}
