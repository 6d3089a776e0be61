/**
 * Joins a client and an upstream for an upgraded connection through http-proxy-3, which sends the request, writes the 101 and
 * pipes both ways. What it cannot do is wrapped here, each for a reason measured on 2.0.1 (design/data-path.md):
 * it lower-cases and joins headers, so both heads are replaced by raw ones; it accepts any 101; and its own relay
 * of a refusal hangs when the upstream dies in mid-body, so that listener is taken off.
 *
 * The connection to the upstream is made by the caller and handed in through the agent: a refused one can then be tried
 * again while http-proxy-3, which closes the client on any error, has not yet seen the client.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { ProxyServer } from 'http-proxy-3'
// Not through ProxyServer.ws(): that one destroys everything but a GET for "websocket" before it looks further.
import { stream } from 'http-proxy-3/dist/lib/http-proxy/passes/ws-incoming.js'
import { responseHeaders } from './headers.ts'
import { Agent } from '../node-http.ts'

export interface Join {
  readonly req: IncomingMessage
  readonly client: Socket
  /** Connected. */
  readonly upstream: Socket
  /** Called in front of `opened`: stops to read from the client, and gives what it has sent behind its head. */
  readonly takeEarly: () => Buffer
  /** Path and query as sent. */
  readonly path: string
  /** Flat and raw, Host included, without Connection and Upgrade. */
  readonly headers: readonly string[]
  /** The protocol the client asked for. */
  readonly protocol: string
  /** Response header lines to add to the 101. */
  readonly extra: readonly string[]
  /** The 101 is on its way and the two are joined. */
  opened(): void
  /** An answer other than 101: to be relayed by the caller; nothing has been written to the client. */
  refused(answer: IncomingMessage): void
  /** A 101 for something else than was asked for: the caller answers; nothing has been written to the client. */
  mismatched(): void
  /** The upstream failed before an answer (nothing has been written to the client), or later. The client is closed after it. */
  failed(error: unknown): void
}

const NOTHING = Buffer.alloc(0)
/** Milliseconds of silence before a connection is probed. */
const PROBE_AFTER = 60_000

/** Sends the upgrade request. May throw where node:http does: on a head it refuses to write. */
export function joinUpgrade(join: Join): void {
  const { req, client, upstream } = join
  const server = new ProxyServer({})
  const agent = new ConnectedAgent(upstream)
  server.once('proxyReqWs', (request: ClientRequest) => {
    // http-proxy-3 listens only after this; an error that nobody hears would end the process.
    request.on('error', () => {})
    replaceHead(request, join)
  })
  let sent: ClientRequest | null = null
  server.once('proxyReqWs', (request: ClientRequest) => {
    sent = request
  })
  // The address is only for node:http's own bookkeeping, as the agent has the connection; the path is set above.
  const target = { protocol: 'http:', host: 'upstream', port: 80 }
  const options = { target, agent, toProxy: true, ignorePath: true }
  const onFailure = (error: unknown): void => join.failed(error)
  // Without the client's headers: at an Expect among them node:http sends the head at once, before it can be replaced.
  const bare = Object.create(req, { headers: { value: {} } })
  Reflect.apply(stream, undefined, [bare, client, options, NOTHING, server, onFailure])
  if (sent !== null) takeOver(sent, join)
}

/** An agent whose one connection is there already. */
class ConnectedAgent extends Agent {
  readonly #socket: Socket

  constructor(socket: Socket) {
    super()
    this.#socket = socket
  }

  override createConnection(): Socket {
    return this.#socket
  }
}

function replaceHead(request: ClientRequest, join: Join): void {
  for (const name of request.getHeaderNames()) request.removeHeader(name)
  request.path = join.path
  for (const [name, values] of grouped(join.headers)) request.setHeader(name, values)
  request.setHeader('Connection', 'Upgrade')
  request.setHeader('Upgrade', join.protocol)
}

/** Puts our checks in front of http-proxy-3's listeners; it has just added them, and no event has come yet. */
function takeOver(request: ClientRequest, join: Join): void {
  const theirs = request.listeners('upgrade')
  request.removeAllListeners('upgrade').removeAllListeners('response')
  request.on('response', (answer) => join.refused(answer))
  request.on('upgrade', (answer, socket, head) => {
    // RFC 9110 section 7.8: the server picks from what the client offered. Anything else would be two peers
    // that speak different protocols through us.
    if (answer.headers.upgrade?.toLowerCase() !== join.protocol.toLowerCase()) {
      socket.destroy()
      join.mismatched()
      return
    }
    const headers = responseHeaders(answer.rawHeaders, 101, join.req)
    const head101 = [
      'Connection',
      'Upgrade',
      'Upgrade',
      answer.headers.upgrade ?? '',
      ...headers,
      ...join.extra,
    ]
    // http-proxy-3 writes these as text, as they are; Latin-1 so that every byte of a value stays one byte.
    answer.headers = Object.fromEntries(grouped(head101))
    join.client.setDefaultEncoding('latin1')
    const early = join.takeEarly()
    if (early.length > 0) join.client.unshift(early)
    for (const listener of theirs) Reflect.apply(listener, request, [answer, socket, head])
    // A client that has vanished behind its half-close is found by the kernel's probes; http-proxy-3 leaves them at 2 hours.
    for (const end of [join.client, socket]) if (end instanceof Socket) end.setKeepAlive(true, PROBE_AFTER)
    // It half-closes where the other side has vanished; then nobody is left to read, and the socket would stay for ever.
    join.client.once('close', () => socket.destroySoon())
    socket.once('close', () => join.client.destroySoon())
    join.opened()
  })
}

/** Lines of one name together, as an array, in the case the first one is written in. */
function grouped(raw: readonly string[]): Map<string, string[]> {
  const names = new Map<string, string>()
  const out = new Map<string, string[]>()
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    const first = names.get(name.toLowerCase()) ?? name
    names.set(name.toLowerCase(), first)
    const values = out.get(first)
    if (values === undefined) out.set(first, [value])
    else values.push(value)
  }
  return out
}
