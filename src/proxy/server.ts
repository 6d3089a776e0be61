/**
 * The listener: node:http servers with the limits a proxy needs, and the way from a parsed head to an Exchange or a Tunnel.
 * The limits are set here and argued one by one, because Node's defaults are a web app's and several of them cut
 * streams, uploads or holds.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Listen } from '../config/settings.ts'
import type { Clock, Upstream } from '../domain/ports.ts'
import { WakeDockError } from '../errors.ts'
import { responseOn } from './bare-response.ts'
import { Connections } from './connections.ts'
import { createTurnedAway, mostClients } from './descriptors.ts'
import { endsConnection, rawErrorAnswer, sendError } from './error-response.ts'
import { Exchange, type EndedExchange, type ExchangeContext } from './exchange.ts'
import { createBodyBudget } from './held-body.ts'
import { bind } from './listen.ts'
import { createPaces } from './pace.ts'
import { createPeers } from './peers.ts'
import { originOf, type Pools } from './pools.ts'
import { checkRequest, pathOf, type RequestTarget } from './request-check.ts'
import type { AccessLine, RouteLookup, RouteMatch, ServiceMetrics, UpstreamFailure } from './route-match.ts'
import { Tunnel } from './tunnel.ts'
import { codeOf, type FaultReason } from './upstream-fault.ts'
import { WaitingRoom, type WaitingSources } from './waiting.ts'
import { createServer } from '../node-http.ts'

export interface ProxyServerOptions {
  readonly listen: readonly Listen[]
  /** CIDRs whose X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[]
  readonly route: RouteLookup
  /** Not closed by the server: the readiness probe uses it too. */
  readonly pools: Pools
  /** Bytes. */
  readonly heldBodyMemory: number
  /** Milliseconds for a connection outside the pools (connect.ts); those have their own. Default 1000. */
  readonly connectTimeout?: number
  readonly clock: Clock
  /** Clients that are turned away (descriptors.ts), and bugs of ours: an exception where none may be. */
  readonly log: { error(fields: object, message: string): void }
  /** Counts requests without a route and malformed ones. */
  readonly unrouted?: ServiceMetrics
  /** Called for every request when access logs are on. */
  readonly access?: (line: AccessLine) => void
  /** What the waiting page tells of; without it nobody is shown one. */
  readonly waiting?: WaitingSources
  /** Called for every exchange that its upstream failed. */
  readonly failed?: (failure: UpstreamFailure) => void
}

export interface ProxyServer {
  /** Resolves to the addresses that are really listened on ("127.0.0.1:8080", "unix:/path"); rejects if one cannot be. */
  listen(): Promise<string[]>
  /**
   * Stops accepting, lets running exchanges and tunnels end, and destroys what is left after `deadline` milliseconds.
   * A second call shortens the wait of the first.
   */
  close(deadline: number): Promise<void>
  /** Takes effect for new connections, and for the next request of old ones. */
  update(settings: { trustedProxies?: readonly string[]; heldBodyMemory?: number }): void
}

/** Milliseconds. With a shorter one than Caddy's 2 minutes, 18 of 80 POSTs through it got a 502 (measured): it wrote on a connection being closed. */
const KEEP_ALIVE = 150_000
/**
 * Milliseconds for a request's head, which requestTimeout 0 would otherwise turn off with itself. Node counts from the
 * connection's first moment, and Go opens connections that it then leaves unused for as long as it keeps any (net/http
 * Transport, putOrCloseIdleConn after a lost race): Node's 60 s would be the shorter of the two for these. A shorter time from the
 * first byte would cost an attacker nothing: who may idle so long needs no slow heads.
 */
const HEADERS_TIMEOUT = KEEP_ALIVE
/** Milliseconds of silence before the kernel asks whether a client is still there. */
const PROBE_AFTER = 60_000
/** Bytes; the same as for responses in pools.ts. */
const MAX_HEADER_SIZE = 65_536

export function createProxyServer(options: ProxyServerOptions): ProxyServer {
  const { clock, route, pools } = options
  const tunnels = new Set<Socket>()
  const turnedAway = createTurnedAway(options.log, clock)
  const connections = new Connections()
  let closing = false

  const context = {
    pools,
    clock,
    peers: createPeers(options.trustedProxies),
    bodies: createBodyBudget(options.heldBodyMemory),
    paces: createPaces(clock),
    connectTimeout: options.connectTimeout ?? 1000,
    waiting: options.waiting === undefined ? null : new WaitingRoom(clock, route, options.waiting),
    get closing() {
      return closing
    },
    failed(
      { gate, metrics }: RouteMatch,
      reason: FaultReason,
      upstream: Upstream | null,
      error: unknown,
    ): void {
      metrics.upstreamError(reason)
      const address = upstream && originOf(upstream)
      const message = error instanceof Error ? error.message : ''
      options.failed?.({ service: gate.service.name, reason, address, code: codeOf(error), message })
    },
    ended(exchange: EndedExchange): void {
      options.access?.(accessLine(exchange))
      // Idle only once this answer has left, which is after this call.
      if (closing) setImmediate(() => servers.forEach((server) => server.closeIdleConnections()))
    },
  } satisfies ExchangeContext

  const accessLine = ({ req, target, match, status, cold, seconds }: EndedExchange): AccessLine => ({
    service: match?.gate.service.name ?? null,
    client: context.peers.clientOf(req),
    method: req.method ?? '',
    host: target?.host ?? '',
    path: target === null ? '' : pathOf(target.path),
    status,
    cold,
    seconds,
  })

  /** Where the request goes; or null after it was answered, because it goes nowhere. */
  const admit = (req: IncomingMessage, res: () => ServerResponse) => {
    const target = checkRequest(req)
    const match = target instanceof WakeDockError ? null : route(target.host, pathOf(target.path))
    if (!(target instanceof WakeDockError) && match !== null) return { target, match }
    const error = target instanceof WakeDockError ? target : new WakeDockError('WAKEDOCK_NO_ROUTE')
    const ended: { target: RequestTarget | null; match: RouteMatch | null } = {
      target: target instanceof WakeDockError ? null : target,
      match: null,
    }
    options.unrouted?.finish(req.method ?? '', error.status, false, 0)
    const answer = res()
    if (closing) answer.shouldKeepAlive = false
    if (endsConnection(error)) connections.ends(req.socket)
    sendError(req, answer, error, clock)
    context.ended({ req, ...ended, status: error.status, cold: false, seconds: 0 })
    return null
  }

  /** An exception here would end the process, and with it every other client's connection. */
  const guarded = (socket: Duplex, action: () => void): void => {
    try {
      action()
    } catch (error) {
      options.log.error({ err: error }, 'A request met a bug in WakeDock and was dropped; please report it')
      socket.destroy()
    }
  }

  const onRequest = (req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void => {
    guarded(req.socket, () => {
      if (!connections.began(req, res)) return
      if (context.waiting?.follow(req, res, (stream) => context.ended(stream)) === true) return
      const admitted = admit(req, () => res)
      if (admitted !== null) new Exchange(context, req, res, { ...admitted, expectsContinue }).start()
    })
  }

  const onUpgrade = (req: IncomingMessage, socket: Socket, head: Buffer): void => {
    connections.left(socket)
    tunnels.add(socket)
    socket.once('close', () => tunnels.delete(socket))
    // A reset by the client is its way to leave; 'close' follows and ends the tunnel.
    socket.on('error', () => {})
    guarded(socket, () => {
      const admitted = admit(req, () => responseOn(req, socket))
      if (admitted !== null) new Tunnel(context, req, socket, { ...admitted, head }).start()
    })
  }

  /** What Node's parser refuses: no request was made of it, so there is nothing to ask but who is to blame. */
  const onClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    const lost = !socket.writable || error.code === 'ECONNRESET'
    if (!lost && connections.isDone(socket)) return
    const req = connections.failing(socket)
    if (lost || req === undefined) {
      connections.cut(socket)
      return
    }
    const status = CLIENT_ERROR_STATUS[error.code ?? ''] ?? 400
    const method = req?.method
    options.unrouted?.finish(method ?? '', status, false, 0)
    const answer = rawErrorAnswer(new WakeDockError('WAKEDOCK_BAD_REQUEST', { status }), method)
    socket.end(answer, () => socket.destroy())
  }

  const refuse = (req: IncomingMessage, res: ServerResponse, error: WakeDockError): void => {
    if (endsConnection(error)) connections.ends(req.socket)
    guarded(req.socket, () => sendError(req, res, error, clock))
  }

  const onConnect = (req: IncomingMessage, socket: Socket): void => {
    socket.on('error', () => {})
    // An earlier answer still has the socket.
    if (connections.unanswered(socket).length > 0) connections.cutDetached(socket)
    else refuse(req, responseOn(req, socket), new WakeDockError('WAKEDOCK_METHOD_NOT_ALLOWED'))
  }

  const createListener = ({ kind }: Listen): Server => {
    const server = createServer({
      // It counts the time of the body, and would end holds and long uploads.
      requestTimeout: 0,
      headersTimeout: HEADERS_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE,
      connectionsCheckingInterval: 5000,
      maxHeaderSize: MAX_HEADER_SIZE,
      insecureHTTPParser: false,
      // checkRequest() answers it, in our form.
      requireHostHeader: false,
      // A client that has vanished in a long poll or an event stream would keep its service awake for ever.
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER,
      shouldUpgradeCallback: (req: IncomingMessage) => connections.mayUpgrade(req),
    })
    // Above its default of 2000 Node hides headers it has framed the message by (measured): a smuggling hole. 0: no limit
    // in number; maxHeaderSize limits them.
    server.maxHeadersCount = 0
    server.on('drop', () => turnedAway('WakeDock has as many as it may'))
    // Nothing but accept() fails once it listens, and one client of whom nothing is known must not end all others.
    server.once('listening', () => server.on('error', ({ message }) => turnedAway(message)))
    server.on('connection', (socket) => {
      // Reset before it was accepted: what it has sent can still be read, but who sent it cannot be told any more, and without an
      // address it would pass for a unix socket's, which is trusted. Asked now, Node keeps the answer beyond the connection's end.
      if (kind === 'tcp' && socket.remoteAddress === undefined) socket.destroy()
      else connections.opened(socket)
    })
    server.on('request', (req, res) => onRequest(req, res, false))
    server.on('checkContinue', (req, res) => onRequest(req, res, true))
    // RFC 9110 section 10.1.1: an expectation that is not known.
    server.on('checkExpectation', (req, res) => {
      if (connections.began(req, res))
        refuse(req, res, new WakeDockError('WAKEDOCK_BAD_REQUEST', { status: 417 }))
    })
    server.on('upgrade', onUpgrade)
    server.on('connect', onConnect)
    server.on('clientError', onClientError)
    return server
  }

  const servers = options.listen.map(createListener)

  return {
    async listen() {
      const most = await mostClients()
      for (const server of servers) if (most !== null) server.maxConnections = most
      const bound = await Promise.allSettled(servers.map((server, i) => bind(server, options.listen[i])))
      const failure = bound.find((result) => result.status === 'rejected')
      if (failure !== undefined) {
        for (const server of servers) server.close()
        throw failure.reason
      }
      return bound.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    },

    async close(deadline) {
      closing = true
      context.waiting?.close()
      const cut = clock.setTimer(deadline, () => {
        for (const server of servers) server.closeAllConnections()
        for (const socket of tunnels) socket.destroy()
      })
      const ended = servers.map((server) => new Promise((resolve) => server.close(resolve)))
      connections.destroySilent()
      await Promise.all(ended)
      // A server does not count the connections it has handed over.
      await Promise.all([...tunnels].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
      cut.cancel()
    },

    update(settings) {
      if (settings.trustedProxies !== undefined) context.peers = createPeers(settings.trustedProxies)
      if (settings.heldBodyMemory !== undefined) context.bodies.limit = settings.heldBodyMemory
    },
  }
}

/** RFC 6585 section 5, RFC 9110 section 15.5.9 and 15.5.14. */
const CLIENT_ERROR_STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
}
