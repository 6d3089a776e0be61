/**
 * The admin listener: health, metrics and the API, on an address of its own, so that nothing a visitor of a service can
 * send reaches it. Every request passes access.ts first, paths that do not exist included.
 */
import type { Socket } from 'node:net'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { Feed } from '../domain/feed.ts'
import type { Footprint } from '../domain/footprint.ts'
import type { Control, ServiceSnapshot } from '../domain/gate.ts'
import type { History } from '../domain/history.ts'
import type { Clock, Insight } from '../domain/ports.ts'
import type { Listen, Scope, Token } from '../config/settings.ts'
import { callerOf, createAccess } from './access.ts'
import { configRoutes, type AdminConfig } from './config-routes.ts'
import { dashboardRoutes } from './dashboard-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { historyRoutes } from './history-routes.ts'
import { logRoutes } from './log-routes.ts'
import { lazyCompilers } from './lazy-schemas.ts'
import { createOpenStreams } from './open-streams.ts'
import { overviewRoute } from './overview-route.ts'
import { AdminError, PROBLEM_TYPE, toAdminError, toProblem } from './problems.ts'
import { publicRoutes } from './public-routes.ts'
import { createRouteList, type KnownRoute } from './route-list.ts'
import { createServiceLooks } from './service-looks.ts'
import { serviceRoutes, type ReadDuration } from './service-routes.ts'
import { refuseUnreadable } from './unreadable.ts'
import { viewService, type ServiceView } from './service-view.ts'
import { removeStaleSocket, restrictSocket } from './unix-socket.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a token must allow; open: no token needed. Default: read. */
    scope?: Scope | 'open'
  }
}

export interface AdminOptions {
  readonly settings: { readonly listen: Listen; readonly tokens: readonly Token[] }
  readonly control: Control
  readonly insight: Pick<Insight, 'logs'>
  readonly metrics: { render(): Promise<string>; readonly contentType: string }
  readonly feed: Pick<Feed, 'after' | 'follow' | 'last'>
  readonly history: Pick<History, 'of' | 'estimate'>
  readonly footprint: Pick<Footprint, 'of' | 'saved'>
  /** Problems are sentences for an admin: shown to callers that may read, not to anybody. */
  readonly health: {
    ready(): { readonly ok: boolean; readonly problems: readonly string[] }
    /** Those that services need; problem null: it answers. */
    providers(): readonly { readonly name: string; readonly problem: string | null }[]
  }
  readonly config: AdminConfig
  /** Whether a host name, in lower case, leads to a service. */
  readonly serves: (host: string) => boolean
  /** How long a pin lasts. */
  readonly readDuration: ReadDuration
  readonly version: string
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
  readonly clock: Clock
}

export interface AdminServer {
  /** Resolves to the address that clients use: http://127.0.0.1:9090 or unix:/path. */
  listen(): Promise<string>
  /** Takes no new request, ends the streams, and waits for what else is under way, `deadline` milliseconds at most. Default 5 s. */
  close(deadline?: number): Promise<void>
  /** Why new tokens cannot be taken over: none are left on an address that other machines can reach. null: they can. */
  objection(settings: { readonly tokens: readonly Token[] }): string | null
  /** Takes over new tokens. Throws where there is an objection. */
  update(settings: { readonly tokens: readonly Token[] }): void
  /** Every route there is, for the description of the API. */
  readonly routes: readonly KnownRoute[]
}

/** What is used of fastify's, so that its generics need not fit. */
type Request = Pick<FastifyRequest, 'raw' | 'method' | 'url' | 'headers' | 'routeOptions'>
type Reply = Pick<FastifyReply, 'header' | 'headers' | 'code' | 'type' | 'send'>

/** An order is a few bytes; everything larger is a mistake. */
const MAX_BODY = 16 * 1024
/** For the whole request to arrive. Answers may take longer: `?wait=true` waits for a wake. */
const REQUEST_TIMEOUT = 10_000

export function createAdminServer(options: AdminOptions): AdminServer {
  const { settings, clock, control, footprint, metrics, log } = options
  const { listen } = settings
  const access = createAccess(listen, settings.tokens, () => clock.now())
  const streams = createOpenStreams(access)
  const view = (snapshot: ServiceSnapshot): ServiceView => viewService(snapshot, footprint.of(snapshot.name))

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
    const error =
      toAdminError(thrown, request.routeOptions.schema) ??
      new AdminError('WAKEDOCK_INTERNAL', 'See the log of the daemon.')
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
    clientErrorHandler: refuseUnreadable,
    schemaController: { compilersFactory: lazyCompilers },
    // Fastify's defaults drop unknown fields and turn "no" into a boolean: an order with a typing error would pass.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: false } },
  })

  /** Connections without a request so far: browsers open some in advance. Node counts them as busy, and waits for them at its end. */
  const silent = new Set<Socket>()
  app.server.on('connection', (socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  app.server.on('request', ({ socket }) => silent.delete(socket))

  // JSON only: a form of another site can send text/plain without asking first, never application/json.
  app.removeContentTypeParser(['text/plain', 'application/json'])
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Many programs name the type of every body, also of the one that they do not send.
    if (body === '') done(null, undefined)
    else void parse(request, String(body), done)
  })

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

  const routes = createRouteList(app)
  app.setNotFoundHandler(({ method, url }) => {
    const path = url.split('?', 1)[0] ?? ''
    const allowed = routes.methodsAt(path)
    if (allowed.length === 0) throw new AdminError('WAKEDOCK_NOT_FOUND', `There is no ${method} ${path}.`)
    // RFC 9110 section 15.5.6 demands the header.
    throw new AdminError('WAKEDOCK_METHOD_NOT_ALLOWED', `${path} takes ${allowed.join(', ')}.`, {
      headers: { allow: allowed.join(', ') },
    })
  })

  healthRoutes(app, options, access)
  publicRoutes(app, options.serves)
  serviceRoutes(app, control, options.readDuration, view)
  historyRoutes(app, control, options.history)
  overviewRoute(app, options, access)
  configRoutes(app, options.config)
  const looks = createServiceLooks(clock, () => control.list().map(view))
  logRoutes(app, { control, insight: options.insight, streams, clock, log })
  eventRoutes(app, control, { clock, feed: options.feed, looks }, streams)
  dashboardRoutes(app)

  app.get('/metrics', { config: { scope: 'read' } }, async (_request, reply) => {
    return reply.type(metrics.contentType).send(await metrics.render())
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
      streams.close()
      for (const socket of silent) socket.destroy()
      const timer = setTimeout(() => app.server.closeAllConnections(), deadline)
      try {
        await app.close()
      } finally {
        clearTimeout(timer)
      }
    },
    objection: ({ tokens }) => access.objection(tokens),
    update({ tokens }) {
      access.update(tokens)
      streams.recheck()
    },
    routes: routes.all,
  }
}
