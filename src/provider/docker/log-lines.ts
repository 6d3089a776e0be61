/**
 * What an engine sends of a container's log, as lines. Without a terminal the two outputs come in frames (Engine API, "Attach
 * to a container", stream format); with one they come as they are. `timestamps=1` puts a time before every message; the log of
 * Docker cuts lines into messages of 16 KiB (moby: daemon/logger/copier.go), so there are times amid long lines as well.
 */
import type { LogLine } from '../../domain/ports.ts'

/** `stamp`: the time in the engine's own words, whose nanoseconds tell lines apart; null: it came without. */
export interface StampedLine extends LogLine {
  readonly stamp: string | null
}

/** A longer line comes in pieces of so many bytes: whoever prints without an end of line must not fill the memory. */
export const LONGEST_PIECE = 65_536
/** Of a line that Docker has cut, bytes in one message. */
const MESSAGE = 16_384

const HEADER = 8
/** Docker's are 16 KiB and a time; what is a hundred times that is no frame. */
const LARGEST_FRAME = 1 << 21
const STDERR = 2

/** RFC 3339; Docker writes nine digits and Z, Podman what its clock has. */
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) /
const LONGEST_STAMP = 36

interface Message {
  readonly stamp: string | null
  readonly text: Buffer
}

/** Takes the time from the front of a message. */
function unstamp(bytes: Buffer): Message {
  const [found] = STAMP.exec(bytes.toString('latin1', 0, LONGEST_STAMP)) ?? []
  return found === undefined
    ? { stamp: null, text: bytes }
    : { stamp: found.trimEnd(), text: bytes.subarray(found.length) }
}

/** One output, put together again: a message without an end of line goes on in the next one, which then has the same time. */
class Assembler {
  readonly #stream: LogLine['stream']
  #stamp: string | null = null
  #parts: Buffer[] = []
  #size = 0

  constructor(stream: LogLine['stream']) {
    this.#stream = stream
  }

  *push({ stamp, text }: Message): Generator<StampedLine> {
    // Another time is another line: what came last was cut short by the end of a run.
    if (this.#size > 0 && stamp !== this.#stamp) yield* this.end()
    this.#stamp = stamp
    let start = 0
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, start)) {
      this.#add(text.subarray(start, end))
      yield* this.#pieces()
      yield this.#take(this.#size)
      start = end + 1
    }
    this.#add(text.subarray(start))
    yield* this.#pieces()
  }

  /** What is left, when no more comes. */
  *end(): Generator<StampedLine> {
    if (this.#size > 0) yield this.#take(this.#size)
  }

  #add(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#size += bytes.length
  }

  *#pieces(): Generator<StampedLine> {
    while (this.#size > LONGEST_PIECE) yield this.#take(LONGEST_PIECE)
  }

  /** A line of at most so many bytes; never half a character. */
  #take(size: number): StampedLine {
    const bytes = Buffer.concat(this.#parts)
    let end = size
    while (end < bytes.length && end > size - 4 && (bytes.readUInt8(end) & 0xc0) === 0x80) end -= 1
    this.#parts = [bytes.subarray(end)]
    this.#size = bytes.length - end
    const whole = bytes.toString('utf8', 0, end)
    const text = whole.endsWith('\r') ? whole.slice(0, -1) : whole
    const at = this.#stamp === null ? NaN : Date.parse(this.#stamp)
    return { at: Number.isNaN(at) ? null : at, stream: this.#stream, text, stamp: this.#stamp }
  }
}

/**
 * Reads no further than the lines that are asked for.
 * @param tty whether the container has a terminal: then all is stdout, and nothing is framed
 * @throws Error when the stream breaks off, or is not framed.
 */
export function linesOf(stream: AsyncIterable<unknown>, tty: boolean): AsyncGenerator<StampedLine> {
  return tty ? rawLines(stream) : framedLines(stream)
}

async function* framedLines(stream: AsyncIterable<unknown>): AsyncGenerator<StampedLine> {
  const [stdout, stderr] = [new Assembler('stdout'), new Assembler('stderr')]
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    rest = join(rest, chunk)
    while (rest.length >= HEADER) {
      const end = HEADER + rest.readUInt32BE(4)
      if (end > LARGEST_FRAME) throw new Error('the log is not in the form that Docker sends')
      if (rest.length < end) break
      const output = rest.readUInt8(0) === STDERR ? stderr : stdout
      yield* output.push(unstamp(rest.subarray(HEADER, end)))
      rest = rest.subarray(end)
    }
  }
  yield* stdout.end()
  yield* stderr.end()
}

async function* rawLines(stream: AsyncIterable<unknown>): AsyncGenerator<StampedLine> {
  const output = new Assembler('stdout')
  /** Of the message that is being read: null, none. */
  let stamp: string | null = null
  /** Bytes of it that have been read; at 0, and after a whole MESSAGE, a time may come. */
  let read = 0
  let rest: Buffer = Buffer.alloc(0)

  function* messages(atEnd: boolean): Generator<Message> {
    while (rest.length > 0) {
      if (read === 0 || read === MESSAGE) {
        // Without an end of line among them, these may be half a time.
        if (!atEnd && rest.length <= LONGEST_STAMP && !rest.includes(10)) return
        const message = unstamp(rest)
        if (read === 0 || message.stamp === stamp) {
          stamp = message.stamp
          rest = message.text
        }
        read = 0
      }
      const newline = rest.indexOf(10)
      const end = Math.min(newline < 0 ? rest.length : newline + 1, MESSAGE - read)
      yield { stamp, text: rest.subarray(0, end) }
      read = newline >= 0 && end === newline + 1 ? 0 : read + end
      rest = rest.subarray(end)
    }
  }

  for await (const chunk of stream) {
    rest = join(rest, chunk)
    for (const message of messages(false)) yield* output.push(message)
  }
  for (const message of messages(true)) yield* output.push(message)
  yield* output.end()
}

function join(rest: Buffer, chunk: unknown): Buffer {
  const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
  return rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
}
