/**
 * What a command in a container prints, as Docker sends it: pieces of its two outputs, each behind a header of eight bytes
 * (Engine API, "Attach to a container", stream format): which output, three zeros, and the length in big-endian.
 */
import { stripVTControlCharacters } from 'node:util'

const HEADER = 8
/** Bytes that are kept: nobody wants more than the first line. The rest is read, so that the command can go on. */
const KEPT = 4096
/** Of a line, in characters. */
const LONGEST_LINE = 200

/** Reads to the end; what was printed at first. @throws Error when the stream breaks off. */
export async function outputOf(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    if (size >= KEPT || !Buffer.isBuffer(chunk)) continue
    chunks.push(chunk)
    size += chunk.length
  }
  return unframe(Buffer.concat(chunks)).toString('utf8')
}

/** Without the headers. The last piece may be cut short. */
function unframe(bytes: Buffer): Buffer {
  const pieces: Buffer[] = []
  let at = 0
  while (at + HEADER <= bytes.length) {
    const end = at + HEADER + bytes.readUInt32BE(at + 4)
    pieces.push(bytes.subarray(at + HEADER, end))
    at = end
  }
  return Buffer.concat(pieces)
}

/** The first line that says anything, fit for a log: no control characters or colours, and not too long. */
export function firstLine(output: string): string {
  const lines = output.split(/[\r\n]+/).map((line) =>
    stripVTControlCharacters(line)
      .replace(/\p{Cc}/gu, '')
      .trim(),
  )
  // By characters: half of one would be unreadable.
  return Array.from(lines.find((line) => line !== '') ?? '')
    .slice(0, LONGEST_LINE)
    .join('')
}
