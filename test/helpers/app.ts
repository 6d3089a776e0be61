/**
 * The small HTTP app that tests and benches put behind WakeDock: in a container, or as a local process. Its behaviour
 * comes from the environment, so that one image serves every test. It needs nothing but Node: the image has no
 * node_modules. The table below is its manual.
 *
 *   PORT (3000)     where it listens, on all addresses
 *   BOOT_MS (0)     waits this long before it listens
 *   NEVER_LISTEN=1  runs, and never listens
 *   ALWAYS_503=1    answers 503 to everything
 *   EXIT_AFTER_MS   ends by itself after this long (0: at once), with EXIT_CODE (1)
 *   TERM_DELAY_MS (0)  obeys SIGTERM only after this long, and serves meanwhile
 *   IGNORE_TERM=1   never obeys SIGTERM
 *   RECORD          path of a file: the X-Request-Id of every request that has one is added to it, before anything else is done
 *
 *   GET /boot             JSON: { pid, bootMs, startedAt, listeningAt, requests }, see below
 *   *   /echo?ms=N        the request's body, N ms after its end (0); x-sha256 and x-method tell what was received
 *   *   /headers          JSON: { method, url, rawHeaders }
 *   GET /stream?seconds=N one line every 100 ms for N seconds (1), then `end`
 *   GET /sse?events=N     one event every 100 ms, N of them (0: for ever)
 *   GET /status?code=N    that status
 *   GET /ws               WebSocket that echoes text and binary messages
 *   *                     200 `hello from <pid>`
 */
import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

const env = process.env
const port = Number(env['PORT'] ?? 3000)
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11' // RFC 6455 section 1.3

let requests = 0
let listeningAt = 0
/** Milliseconds from the start of this process to its first possible answer: what no proxy can be blamed for. */
let bootMs = 0

/** What was executed is known after any death of this process: a write that has returned survives it. */
function record({ headers }: IncomingMessage): void {
  const id = headers['x-request-id']
  if (env['RECORD'] !== undefined && id !== undefined) appendFileSync(env['RECORD'], `${String(id)}\n`)
}

function echo(request: IncomingMessage, response: ServerResponse, late: number): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    response.setHeader('x-sha256', createHash('sha256').update(body).digest('hex'))
    response.setHeader('x-method', request.method ?? '')
    if (late === 0) response.end(body)
    else setTimeout(() => response.end(body), late)
  })
}

/** Writes `line(n)` every 100 ms, `count` times (0: for ever), and ends. */
function drip(response: ServerResponse, count: number, line: (n: number) => string, last: string): void {
  let n = 0
  const timer = setInterval(() => {
    if (count > 0 && n === count) {
      clearInterval(timer)
      response.end(last)
      return
    }
    response.write(line(n))
    n += 1
  }, 100)
  response.on('close', () => clearInterval(timer))
  response.flushHeaders()
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  requests += 1
  record(request)
  const url = new URL(request.url ?? '/', 'http://app')
  const parameter = (name: string, fallback: number): number => Number(url.searchParams.get(name) ?? fallback)
  if (env['ALWAYS_503'] === '1') {
    response.writeHead(503).end('not now\n')
    return
  }
  switch (url.pathname) {
    case '/boot': {
      const report = { pid: process.pid, bootMs, startedAt: performance.timeOrigin, listeningAt, requests }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(report))
      return
    }
    case '/echo':
      echo(request, response, parameter('ms', 0))
      return
    case '/headers': {
      const { method, url: target, rawHeaders } = request
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ method, url: target, rawHeaders }))
      return
    }
    case '/stream':
      drip(response, Math.round(parameter('seconds', 1) * 10), (n) => `chunk ${n}\n`, 'end\n')
      return
    case '/sse':
      response.setHeader('content-type', 'text/event-stream')
      drip(response, parameter('events', 0), (n) => `id: ${n}\ndata: event ${n}\n\n`, '')
      return
    case '/status':
      response.writeHead(parameter('code', 200)).end('status\n')
      return
    default:
      response.end(`hello from ${process.pid}\n`)
  }
}

/** One unmasked, final frame: what a server sends (RFC 6455 section 5.2). */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

/** Echoes every complete frame of `input` and returns what is left. Fragmented messages are echoed in pieces. */
function echoFrames(socket: Duplex, input: Buffer): Buffer {
  for (;;) {
    const [first, second] = input
    if (first === undefined || second === undefined) return input
    const short = second & 0x7f
    const start = short === 126 ? 4 : short === 127 ? 10 : 2
    if (input.length < start + 4) return input
    const length =
      short === 126 ? input.readUInt16BE(2) : short === 127 ? Number(input.readBigUInt64BE(2)) : short
    const end = start + 4 + length
    if (input.length < end) return input
    const mask = input.subarray(start, start + 4)
    const payload = Buffer.from(input.subarray(start + 4, end))
    for (const [index, byte] of payload.entries()) payload[index] = byte ^ (mask[index & 3] ?? 0)
    const opcode = first & 0x0f
    if (opcode === 8) {
      socket.end(frame(8, payload))
      return Buffer.alloc(0)
    }
    if (opcode === 9) socket.write(frame(10, payload))
    else if (opcode !== 10) {
      const answerFrame = frame(opcode, payload)
      answerFrame[0] = first & 0x8f // keeps the FIN bit of a fragmented message
      socket.write(answerFrame)
    }
    input = input.subarray(end)
  }
}

function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
  requests += 1
  record(request)
  if (!request.url?.startsWith('/ws')) {
    socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    return
  }
  const key = request.headers['sec-websocket-key'] ?? ''
  const accept = createHash('sha1')
    .update(key + WEBSOCKET_GUID)
    .digest('base64')
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  let rest = echoFrames(socket, head)
  socket.on('data', (chunk: Buffer) => {
    rest = echoFrames(socket, Buffer.concat([rest, chunk]))
  })
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
}

// Process 1 of a container has no default action for SIGTERM: without these it would be ignored, and every stop would
// take its whole grace.
process.on('SIGTERM', () => {
  if (env['IGNORE_TERM'] === '1') return
  setTimeout(() => process.exit(0), Number(env['TERM_DELAY_MS'] ?? 0))
})
process.on('SIGINT', () => process.exit(0))

const exitAfter = env['EXIT_AFTER_MS']
if (exitAfter !== undefined) {
  setTimeout(() => process.exit(Number(env['EXIT_CODE'] ?? 1)), Number(exitAfter))
}

if (env['NEVER_LISTEN'] === '1') {
  setInterval(() => {}, 60_000)
} else {
  const server = createServer(answer)
  server.on('upgrade', upgrade)
  // Behind a proxy the client side must not be the one that outlives the server's idea of the connection.
  server.keepAliveTimeout = 300_000
  setTimeout(
    () => {
      server.listen(port, () => {
        bootMs = performance.now()
        listeningAt = performance.timeOrigin + bootMs
        console.log(JSON.stringify({ listening: port, bootMs: Math.round(bootMs) }))
      })
    },
    Number(env['BOOT_MS'] ?? 0),
  )
}
