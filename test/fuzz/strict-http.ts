/**
 * HTTP/1.1 messages read by the letter of RFC 9112, with no kindness: the fuzz's own idea of what a byte stream says, which
 * owes nothing to the parsers of Node and undici that it judges. Text is Latin-1, one character a byte.
 */

export type Fields = readonly (readonly [name: string, value: string])[]

export interface Message {
  /** The first line, in its three parts: method, target, version; or version, status, reason. */
  readonly line: readonly [string, string, string]
  readonly fields: Fields
  readonly body: string
  readonly trailers: Fields
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  /** Where it ends in the text. */
  readonly end: number
}

/** The head is whole and the body is not. */
export interface Unfinished {
  readonly line: Message['line']
  readonly fields: Fields
  /** What is there of the body. */
  readonly body: string
}

export type Reading =
  | { readonly type: 'whole'; readonly message: Message }
  /** More bytes could make it whole. */
  | { readonly type: 'partial'; readonly begun: Unfinished | null }
  | { readonly type: 'broken'; readonly why: string; readonly begun: Unfinished | null }

export type BodyRule = 'request' | 'response' | 'no body'

const TOKEN = "[!#$%&'*+.^_`|~\\dA-Za-z-]+"
/**
 * Where it is kind after all, because Node is and it changes nothing in what is asked for: more than one space (RFC 9112
 * section 3 allows it), and the names of two protocols that look like HTTP.
 */
const REQUEST_LINE = new RegExp(`^(${TOKEN}) +([!-~]+) +(?:HTTP|RTSP|ICE)(/\\d\\.\\d)$`)
/** Without a reason many servers leave out the space before it, too. The version changes nothing in how it is read. */
const STATUS_LINE = /^(HTTP\/(?:0\.9|1\.[01]|2\.0)) ([1-9]\d\d)(?: ([\t -~\x80-\xff]*))?$/
const FIELD = new RegExp(
  `^(${TOKEN}):[ \\t]*((?:[!-~\\x80-\\xff](?:[\\t -~\\x80-\\xff]*[!-~\\x80-\\xff])?)?)[ \\t]*$`,
)
const CHUNK_SIZE = /^([\dA-Fa-f]{1,12})(?:[ \t]*;[\t -~\x80-\xff]*)?$/

/** Thrown to leave the reading at the first fault. */
class Broken extends Error {}
class Partial extends Error {}

/** All values of a field. */
export const valuesOf = (fields: Fields, name: string): string[] =>
  fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)

/**
 * Reads one message that starts at `from`. `closed`: nothing follows, which ends a body that goes on until the close. With
 * 'no body' the head is all of it, whatever its fields say: the answer to HEAD.
 */
export function read(text: string, from: number, rule: BodyRule, closed = false): Reading {
  let begun: Unfinished | null = null
  let at = from
  /** Up to CRLF. A bare CR or LF is broken as soon as it shows. */
  const line = (): string => {
    const stop = /[\r\n]/.exec(text.slice(at))
    if (stop === null) throw new Partial()
    const end = at + stop.index
    if (text[end] === '\n') throw new Broken('a bare LF')
    if (end + 1 === text.length) throw new Partial()
    if (text[end + 1] !== '\n') throw new Broken('a bare CR')
    const found = text.slice(at, end)
    at = end + 2
    return found
  }
  const fields = (): [string, string][] => {
    const found: [string, string][] = []
    for (let each = line(); each !== ''; each = line()) {
      const [, name, value] = FIELD.exec(each) ?? []
      if (name === undefined || value === undefined)
        throw new Broken(`a field ${JSON.stringify(each.slice(0, 80))}`)
      found.push([name, value])
    }
    return found
  }

  try {
    const first = line()
    const [, a = '', b = '', c = ''] = (rule === 'request' ? REQUEST_LINE : STATUS_LINE).exec(first) ?? []
    if (a === '') throw new Broken(`a first line ${JSON.stringify(first.slice(0, 80))}`)
    const head = { line: [a, b, rule === 'request' ? `HTTP${c}` : c] as const, fields: fields() }
    const framing = framingOf(head.fields, rule, head.line)
    const start = at
    begun = { ...head, body: '' }
    let body = ''
    let trailers: Fields = []
    if (framing.type === 'length') {
      body = text.slice(at, at + framing.length)
      begun = { ...head, body }
      if (body.length < framing.length) throw new Partial()
      at += framing.length
    } else if (framing.type === 'chunked') {
      for (;;) {
        const size = line()
        const [, digits] = CHUNK_SIZE.exec(size) ?? []
        if (digits === undefined) throw new Broken(`a chunk size ${JSON.stringify(size.slice(0, 80))}`)
        const length = Number.parseInt(digits, 16)
        if (length === 0) break
        const chunk = text.slice(at, at + length)
        body += chunk
        begun = { ...head, body }
        if (chunk.length < length) throw new Partial()
        at += length
        if (line() !== '') throw new Broken('a chunk that is longer than its size')
      }
      trailers = fields()
    } else if (framing.type === 'close') {
      body = text.slice(start)
      begun = { ...head, body }
      if (!closed) throw new Partial()
      at = text.length
    }
    return { type: 'whole', message: { ...head, body, trailers, framing: framing.type, end: at } }
  } catch (error) {
    if (error instanceof Partial) return { type: 'partial', begun }
    if (error instanceof Broken) return { type: 'broken', why: error.message, begun }
    throw error
  }
}

type Framing = { type: 'none' | 'chunked' | 'close' } | { type: 'length'; length: number }

/** RFC 9112 section 6.3, with everything that could be read in two ways left out. Chunks in an answer of HTTP/1.0 have one meaning. */
function framingOf(fields: Fields, rule: BodyRule, line: Message['line']): Framing {
  const codings = valuesOf(fields, 'transfer-encoding')
  const lengths = valuesOf(fields, 'content-length')
  const version = line[2]
  const bodiless = rule === 'no body' || (rule === 'response' && /^(?:1\d\d|204|304)$/.test(line[1]))
  if (bodiless) return { type: 'none' }
  // "identity" is RFC 2616's way to say that there is none; saying chunked twice is an old mistake of servers, with one meaning.
  const named = codings.filter((each) => rule === 'request' || !/^(?:identity)?$/i.test(each))
  const twice = rule === 'response' && named.every((each) => each.toLowerCase() === 'chunked')
  if (codings.length * lengths.length > 0 || lengths.length > 1 || (named.length > 1 && !twice))
    throw new Broken('more than one framing field')
  const [coding] = named
  const [length] = lengths
  if (
    coding !== undefined &&
    (coding.toLowerCase() !== 'chunked' || (rule === 'request' && version !== 'HTTP/1.1'))
  )
    throw new Broken(`Transfer-Encoding ${JSON.stringify(coding)} in ${version}`)
  if (
    length !== undefined &&
    (!/^\d+$/.test(length) || (rule === 'request' && !Number.isSafeInteger(Number(length))))
  )
    throw new Broken(`Content-Length ${JSON.stringify(length)}`)
  if (coding !== undefined) return { type: 'chunked' }
  if (length !== undefined) return { type: 'length', length: Number(length) }
  return { type: rule === 'request' ? 'none' : 'close' }
}
