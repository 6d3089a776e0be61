/** The client of the fuzz: writes bytes to the proxy and reads what comes back, until nothing more is to come. */
import { connect, type Socket } from 'node:net'
import { turn, within } from './wait.ts'

export interface Conversation {
  readonly received: string
  /**
   * How the proxy ended it. clean: what was received is all there is, and it said so. reset: it did not say so. open: it was left
   * to the client to end it, and the client did by breaking it.
   */
  readonly ended: 'clean' | 'reset' | 'open'
  /** The proxy neither answered nor closed. */
  readonly hung: boolean
}

export interface Manners {
  readonly pieces: readonly string[]
  readonly end: 'wait' | 'close' | 'break'
  /** Called once, after the last piece. */
  readonly sent?: () => Promise<void>
  /** All that was asked for is here. */
  readonly satisfied: (received: string) => boolean
  /** Milliseconds without a byte after which it ends its direction, although it is not satisfied. */
  readonly patience: number
}

/** Milliseconds after the client's end in which the proxy must close. */
const BOUND = 4000

export async function converse(port: number, manners: Manners): Promise<Conversation> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  const heard = listen(socket)
  for (const piece of manners.pieces) {
    socket.write(piece, 'latin1')
    await turn()
  }
  await manners.sent?.()
  if (manners.end === 'break') {
    await within(BOUND, () => socket.writableLength === 0 || heard.closed)
    await turn()
    socket.resetAndDestroy()
    await within(BOUND, () => heard.closed)
    return { received: heard.text(), ended: 'open', hung: false }
  }
  if (manners.end === 'wait') {
    let length = -1
    let since = performance.now()
    await within(60_000, () => {
      if (heard.length !== length) {
        length = heard.length
        since = performance.now()
        if (manners.satisfied(heard.text())) return true
      }
      return heard.ended || heard.closed || performance.now() - since > manners.patience
    })
  }
  socket.end()
  const closed = await within(BOUND, () => heard.ended || heard.closed)
  const ended = heard.failed ? 'reset' : closed ? 'clean' : 'open'
  socket.destroy()
  return { received: heard.text(), ended, hung: !closed }
}

function listen(socket: Socket) {
  const chunks: Buffer[] = []
  const heard = {
    length: 0,
    ended: false,
    closed: false,
    failed: false,
    text: (): string => Buffer.concat(chunks).toString('latin1'),
  }
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    heard.length += chunk.length
  })
  socket.on('end', () => (heard.ended = true))
  socket.on('error', () => (heard.failed = true))
  socket.on('close', () => (heard.closed = true))
  return heard
}
