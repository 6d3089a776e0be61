/**
 * The upstream of the fuzz: raw sockets that write down every request they see, read strictly, and answer each one either as
 * they should or with the odd bytes of the case. It says in every answer which request that answers.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { portOf } from '../proxy/wire.ts'
import type { Case, Style } from './case.ts'
import { read, valuesOf, type Message, type Unfinished } from './strict-http.ts'
import { turn } from './wait.ts'

/** What the upstream has seen of one case. */
export interface Record {
  readonly requests: Message[]
  /** The connection ended within them. */
  readonly unfinished: Unfinished[]
  /** Bytes that are no request at all. */
  readonly faults: string[]
  /** What came after a 101, for each one that was sent. */
  readonly tunnels: { readonly request: Message; text: string }[]
}

/** The value of X-Seen, by which an answer says what it answers. */
export function seenAs(method: string, target: string): string {
  const text = `${method} ${target}`
  return text.length < 200 ? text : createHash('sha256').update(text, 'latin1').digest('hex')
}

/** The body of the answer to a request that says it was seen so. */
export const bodyOf = (style: Style, seen: string): string =>
  style === 'empty' || style === 'not modified'
    ? ''
    : style === 'large'
      ? `${seen} `.repeat(Math.ceil(200_000 / (seen.length + 1)))
      : seen

export class Upstream {
  #server: Server | null = null
  readonly #connections = new Set<Connection>()
  style: Style = 'length'
  /** Sent instead of a right answer. */
  odd: Pick<Case, 'pieces' | 'end'> | null = null
  record: Record = { requests: [], unfinished: [], faults: [], tunnels: [] }

  /** Resolves to its port. */
  async listen(): Promise<number> {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const connection = new Connection(this, socket)
      this.#connections.add(connection)
      socket.once('close', () => this.#connections.delete(connection))
    })
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return portOf(this.#server)
  }

  /** A new case: nothing seen so far. */
  begin(style: Style, odd: Pick<Case, 'pieces' | 'end'> | null): Record {
    this.style = style
    this.odd = odd
    this.record = { requests: [], unfinished: [], faults: [], tunnels: [] }
    return this.record
  }

  /** Nothing is under way: every connection is between two requests. */
  get quiet(): boolean {
    return [...this.#connections].every(({ busy }) => !busy)
  }

  /** Breaks what is open: a connection that is still busy must not get into the next case. */
  drop(): void {
    for (const { socket } of this.#connections) socket.destroy()
  }

  async close(): Promise<void> {
    this.drop()
    await new Promise((resolve) => this.#server?.close(resolve))
  }
}

class Connection {
  readonly #upstream: Upstream
  readonly socket: Socket
  #text = ''
  #tunnel: Record['tunnels'][number] | null = null
  /** The head of the request that is being read has its answer already, or its 100. */
  #early = false
  #continued = false
  #answering = 0

  constructor(upstream: Upstream, socket: Socket) {
    this.#upstream = upstream
    this.socket = socket
    socket.on('data', (chunk) => this.#take(chunk.toString('latin1')))
    socket.on('end', () => socket.end())
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
  }

  get busy(): boolean {
    return !this.socket.destroyed && (this.#text !== '' || this.#answering > 0 || this.#tunnel !== null)
  }

  #take(text: string): void {
    if (this.#tunnel !== null) {
      this.#tunnel.text += text
      this.socket.write(text, 'latin1')
      return
    }
    this.#text += text
    while (this.#text !== '') {
      const reading = read(this.#text, 0, 'request')
      if (reading.type === 'broken') {
        this.#upstream.record.faults.push(`${reading.why} in ${JSON.stringify(this.#text.slice(0, 500))}`)
        this.#text = ''
        this.socket.destroy()
        return
      }
      if (reading.type === 'partial') {
        if (reading.begun !== null) this.#head(reading.begun)
        return
      }
      const { message } = reading
      this.#upstream.record.requests.push(message)
      this.#text = this.#text.slice(message.end)
      const [protocol] = valuesOf(message.fields, 'upgrade')
      if (protocol !== undefined && this.#upstream.style !== 'close' && this.#upstream.odd === null) {
        this.#switch(message, protocol)
        return
      }
      if (!this.#early) void this.#answer(message)
      this.#early = this.#continued = false
    }
  }

  /** A head whose body is still to come. */
  #head(begun: Unfinished): void {
    if (this.#upstream.style === 'early' && !this.#early) {
      this.#early = true
      void this.#answer(begun)
    }
    if (!this.#early && !this.#continued && valuesOf(begun.fields, 'expect').length > 0) {
      this.#continued = true
      this.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    }
  }

  #switch(request: Message, protocol: string): void {
    const text = this.#text
    this.#text = ''
    this.#tunnel = { request, text: '' }
    this.#upstream.record.tunnels.push(this.#tunnel)
    const seen = seenAs(request.line[0], request.line[1])
    this.socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nX-Seen: ${seen}\r\n\r\n`,
      'latin1',
    )
    if (text !== '') this.#take(text)
  }

  async #answer({ line: [method, target] }: Unfinished): Promise<void> {
    const { odd, style } = this.#upstream
    this.#answering++
    if (odd === null) {
      this.socket.write(rightAnswer(method, seenAs(method, target), style), 'latin1')
      if (style === 'close') this.socket.end()
    } else {
      for (const piece of odd.pieces) {
        this.socket.write(piece, 'latin1')
        await turn()
      }
      if (odd.end === 'close') this.socket.end()
      else if (odd.end === 'break') this.socket.resetAndDestroy()
    }
    this.#answering--
  }

  #closed(): void {
    if (this.#text === '') return
    const reading = read(this.#text, 0, 'request')
    if (reading.type === 'partial' && reading.begun !== null)
      this.#upstream.record.unfinished.push(reading.begun)
  }
}

function rightAnswer(method: string, seen: string, style: Style): string {
  const body = bodyOf(style, seen)
  const lines = (...fields: string[]): string => `${[...fields, `X-Seen: ${seen}`].join('\r\n')}\r\n\r\n`
  const sent = method === 'HEAD' ? '' : body
  const chunks = (last: string): string =>
    method === 'HEAD' ? '' : `${body.length.toString(16)};x=1\r\n${body}\r\n${last}\r\n`
  switch (style) {
    case 'empty':
      return lines('HTTP/1.1 204 No Content')
    case 'not modified':
      return lines('HTTP/1.1 304 Not Modified', 'ETag: "x"')
    case 'close':
      return lines('HTTP/1.1 200 OK', 'Connection: close') + sent
    case 'chunked':
    case 'large':
      return lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + chunks('0\r\n')
    case 'trailers':
      return (
        lines('HTTP/1.1 200 OK', 'Trailer: X-T', 'Transfer-Encoding: chunked') + chunks('0\r\nX-T: 1\r\n')
      )
    case 'interim':
      return `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${lines('HTTP/1.1 200 OK', `Content-Length: ${body.length}`)}${sent}`
    case 'length':
    case 'early':
      return lines('HTTP/1.1 200 OK', `Content-Length: ${body.length}`) + sent
  }
}
