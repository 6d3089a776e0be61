/** The lines of a log as the page keeps them: bounded, whatever a service prints, and without what is meant for terminals. */

export interface Line {
  /** Unique in this log, and growing. */
  readonly id: number
  /** ISO 8601; null: not known. */
  readonly at: string | null
  readonly stream: 'stdout' | 'stderr'
  /** Of a stack: which of its parts has printed it. Empty: it has none. */
  readonly part: string
  readonly text: string
}

/** Lines in the page. */
export const LINES_KEPT = 2_000
/** Characters of a line: a program that prints one endless line must not fill the page. */
const LONGEST = 4_000

export interface LineReader {
  /** Takes the next piece of the answer, however it was cut, and gives the lines that it completes. */
  push(text: string): Line[]
}

/** Reads application/x-ndjson as the logs route writes it. */
export function createLineReader(): LineReader {
  let rest = ''
  let last = 0
  return {
    push(text) {
      const pieces = (rest + text).split('\n')
      rest = pieces.pop() ?? ''
      return pieces.flatMap((piece) => {
        const line = parse(piece)
        return line === null ? [] : [{ ...line, id: ++last }]
      })
    },
  }
}

function parse(piece: string): Omit<Line, 'id'> | null {
  let value: unknown
  try {
    value = JSON.parse(piece)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const line: Readonly<Record<string, unknown>> = { ...value }
  const { at, stream, text, part } = line
  if (typeof text !== 'string') return null
  return {
    at: typeof at === 'string' ? at : null,
    stream: stream === 'stderr' ? 'stderr' : 'stdout',
    part: typeof part === 'string' ? part.slice(part.indexOf('/') + 1) : '',
    text: shown(text),
  }
}

const ESCAPE = String.fromCodePoint(0x1b)
/** Colours and movements of a terminal (ECMA-48 section 5.4), and the titles that it is given (OSC, section 8.3.89). */
const SEQUENCES = new RegExp(
  `${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\p{Cc}]*(?:\\p{Cc}\\\\?)?|[@-Z^_])`,
  'gu',
)
/** What would be invisible, but for tabs. */
const CONTROLS = /(?!\t)\p{Cc}/gu

function shown(text: string): string {
  const plain = text.replaceAll(SEQUENCES, '').replaceAll(CONTROLS, '')
  return plain.length <= LONGEST
    ? plain
    : `${plain.slice(0, LONGEST)}… (${plain.length - LONGEST} more characters)`
}

/** The last LINES_KEPT. */
export function withLines(lines: readonly Line[], more: readonly Line[]): readonly Line[] {
  return more.length === 0 ? lines : [...lines, ...more].slice(-LINES_KEPT)
}

/** Those with the text in them, in upper or lower case; all where it is empty. */
export function filtered(lines: readonly Line[], search: string): readonly Line[] {
  const wanted = search.trim().toLowerCase()
  return wanted === ''
    ? lines
    : lines.filter(({ text, part }) => `${part} ${text}`.toLowerCase().includes(wanted))
}
