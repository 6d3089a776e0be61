/**
 * The verdict on a case whose client was odd: everything the upstream saw must have been sent, everything the client got must
 * be an answer to what it sent, in order. What WakeDock refuses is its own affair, unless nothing was wrong.
 */
import { bodyOf, seenAs, type Record } from './upstream.ts'
import type { Case } from './case.ts'
import type { Conversation } from './client.ts'
import { answered, asked, originForm, type Answered, type Asked } from './readings.ts'
import { arrived, leftOver, sentOn } from './sent-on.ts'
import { valuesOf, type Message, type Unfinished } from './strict-http.ts'

/** What is wrong; `kind` stays the same while the case is made smaller. */
export interface Fault {
  readonly kind: string
  readonly details: string
}

export const fault = (kind: string, details: unknown = ''): Fault => ({
  kind,
  details: typeof details === 'string' ? details : JSON.stringify(details),
})

const OWN = /^WakeDock; error=/
/** An answer that WakeDock has made itself. */
export const isOwn = (answer: Unfinished): boolean =>
  valuesOf(answer.fields, 'proxy-status').some((value) => OWN.test(value)) &&
  valuesOf(answer.fields, 'via').length === 0

export function judgeRequest(each: Case, conversation: Conversation, record: Record): Fault | null {
  const sent = each.pieces.join('')
  const all = asked(sent)
  return (
    upstreamSaw(sent, all, record) ??
    clientGot(each, untilSwitched(all, record), conversation) ??
    tunnelled(sent, all, conversation, record) ??
    (each.right ? complete(all, conversation) : null)
  )
}

/** Requests behind one that was answered with 101 are bytes of another protocol. */
function untilSwitched(all: Asked, { tunnels: [tunnel] }: Record): Asked {
  if (tunnel === undefined) return all
  const at = all.requests.findIndex((request) => isSame(request, tunnel.request))
  return { ...all, requests: all.requests.slice(0, at + 1), rest: 'nothing', begun: null }
}

const isSame = (request: Unfinished, seen: Unfinished): boolean =>
  request.line[0] === seen.line[0] && originForm(request.line[1]) === seen.line[1]

function upstreamSaw(sent: string, all: Asked, record: Record): Fault | null {
  const [broken] = record.faults
  if (broken !== undefined) return fault('the upstream saw something that is no request', broken)
  const left = [...untilSwitched(all, record).requests]
  for (const seen of record.requests) {
    const at = left.findIndex((request) => isSame(request, seen) && request.body === seen.body)
    const [request] = at === -1 ? [] : left.splice(at, 1)
    const empty = [...left, ...(all.begun === null ? [] : [all.begun])].filter(isLeftEmpty)
    if (request === undefined && seen.body === '' && empty.some((each) => isSame(each, seen))) continue
    if (request === undefined)
      return fault('the upstream saw a request that the client did not send', {
        seen: [...seen.line, seen.body],
        'the client sent': all.requests.map(({ line, body }) => [...line, body]),
        'what follows': all.why || all.rest,
      })
    const wrong = sentAsIs(request, seen)
    if (wrong !== null) return wrong
  }
  for (const seen of record.unfinished) {
    const from = [...all.requests, ...(all.begun === null ? [] : [all.begun])]
    if (!from.some((request) => isSame(request, seen) && request.body.startsWith(seen.body)))
      return fault('the upstream saw the beginning of a request that the client did not send', {
        seen: seen.line,
        sent,
      })
  }
  return null
}

/**
 * A coding with white space behind it and an Upgrade that is ignored: Node's parser takes it for a request without a body, and
 * nobody sees the white space (24.21). What stands behind it is lost, and the connection ends.
 */
const isLeftEmpty = ({ fields }: Unfinished): boolean =>
  valuesOf(fields, 'transfer-encoding').length > 0 && valuesOf(fields, 'upgrade').length > 0

function sentAsIs(request: Message, seen: Message): Fault | null {
  const fields = arrived(seen.fields)
  if (fields === null) return fault('a request without our Via', seen.fields)
  const order = valuesOf(seen.fields, 'upgrade').length > 0 ? byName : (lines: string[]): string[] => lines
  if (order(fields).join('\n') !== order(sentOn(request.fields)).join('\n'))
    return fault('fields of a request have changed', { sent: sentOn(request.fields), seen: fields })
  const over = leftOver(seen.fields)
  if (over.length > 0) return fault('fields of the hop before have reached the upstream', over)
  const authority =
    /^https?:\/\/([^/?#]+)/i.exec(request.line[1])?.[1] ?? valuesOf(request.fields, 'host')[0] ?? ''
  const hosts = valuesOf(seen.fields, 'host')
  if (hosts.join() !== authority) return fault('another Host', { sent: authority, seen: hosts })
  const trailers = new Set(request.trailers.map((each) => each.join(': ')))
  if (seen.trailers.some((each) => !trailers.has(each.join(': '))))
    return fault('trailers nobody sent', seen.trailers)
  if (seen.framing === 'none' && seen.body === '' && request.framing !== 'none' && request.body !== '')
    return fault('a lost body')
  return null
}

/** Upgrades: node:http writes lines of one name together, in the case of the first one, and cookies as one line. */
function byName(lines: readonly string[]): string[] {
  const split = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)] as const
  })
  const cookies = split.flatMap(([name, value]) => (name === 'cookie' ? [value] : []))
  const rest = split
    .filter(([name]) => name !== 'cookie')
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return [cookies.join('; ').trim(), ...rest.map((each) => each.join(': '))]
}

function clientGot(each: Case, all: Asked, { received, ended, hung }: Conversation): Fault | null {
  if (hung)
    return fault('the connection stays open after its client has ended it', {
      received: received.slice(-300),
    })
  const got = answersIn(received, all, ended === 'clean')
  if (got.rest === 'broken')
    return fault('the client got something that is no HTTP', {
      why: got.why,
      received: received.slice(0, 600),
    })
  if (got.answers.length > all.requests.length + 1)
    return fault(
      'more answers than requests',
      got.answers.map(({ line }) => line),
    )
  for (const [i, answer] of got.answers.entries()) {
    if (i > 0 && says(got.answers[i - 1], 'close')) return fault('an answer behind the last one', answer.line)
    if (isOwn(answer)) continue
    const request = all.requests[i] ?? all.begun
    if (request === null) return fault('an answer to nothing', answer.line)
    const seen = seenAs(request.line[0], originForm(request.line[1]))
    if (valuesOf(answer.fields, 'x-seen').join() !== seen)
      return fault('an answer to another request', { seen, answer: answer.fields })
    const body = request.line[0] === 'HEAD' || answer.line[1] === '101' ? '' : bodyOf(each.style, seen)
    if (answer.body !== body)
      return fault('a shortened answer that ends cleanly', { length: answer.body.length, of: body.length })
  }
  // With more on the connection than is read before its end, the end is a reset, which may overtake the answer (RFC 9112 section 9.6).
  const overtaken = says(got.begun, 'close') && all.requests.length > got.answers.length + 1
  const tooMany = all.requests.slice(0, -1).some(isLast)
  const mayBeCut = all.rest !== 'nothing' || each.end !== 'wait' || overtaken || tooMany
  if (got.rest === 'partial' && !mayBeCut) return fault('an answer was cut', received.slice(-300))
  return null
}

/**
 * The answers to the requests, and perhaps one to what comes after them. A refusal by the parser has a body even for HEAD, as it
 * does not know what it refuses; the connection ends after it.
 */
function answersIn(received: string, all: Asked, closed: boolean): Answered {
  const methods = [...all.requests.map(({ line: [method] }) => method), all.begun?.line[0] ?? 'GET']
  const got = answered(received, methods, closed)
  const last = got.answers.length - 1
  if (got.rest === 'nothing' || methods[last] !== 'HEAD' || !says(got.answers[last], 'close')) return got
  return answered(received, methods.with(last, 'GET'), closed)
}

function tunnelled(
  sent: string,
  all: Asked,
  { received }: Conversation,
  { tunnels: [tunnel] }: Record,
): Fault | null {
  if (tunnel === undefined) return null
  const request = all.requests.find((each) => isSame(each, tunnel.request))
  const after = sent.slice(request?.end ?? 0)
  if (!after.startsWith(tunnel.text))
    return fault('the tunnel has changed what the client sent', { sent: after, seen: tunnel.text })
  const methods = all.requests.map(({ line: [method] }) => method)
  const back = answered(received, methods, false).tunnel ?? ''
  if (!tunnel.text.startsWith(back))
    return fault('the tunnel has changed what the upstream sent', { sent: tunnel.text, seen: back })
  return null
}

/** Nothing was wrong: every request was answered by the upstream. */
function complete(all: Asked, { received }: Conversation): Fault | null {
  const { requests } = all
  // What a client sends after a request that ends the connection is an error of its own, and costs it all of its answers.
  if (requests.slice(0, -1).some(isLast)) return null
  const methods = requests.map(({ line: [method] }) => method)
  const { answers } = answered(received, methods, true)
  // Where a body came without the 100 it was to wait for, Node closes after the answer, and says so in it.
  const last = requests[answers.length - 1]
  const closes =
    last !== undefined && valuesOf(last.fields, 'expect').length > 0 && says(answers.at(-1), 'close')
  const relayed = answers.filter((answer) => !isOwn(answer)).length
  return relayed < answers.length || (answers.length < requests.length && !closes)
    ? fault('a right request got no answer', {
        due: requests.length,
        relayed,
        received: received.slice(0, 600),
      })
    : null
}

const says = (message: Unfinished | null | undefined, option: string): boolean =>
  valuesOf(message?.fields ?? [], 'connection').some((value) => value.toLowerCase().includes(option))

/** The connection ends after it: it says so, or it is HTTP/1.0, or an upgrade that is answered by something else. */
const isLast = (message: Message): boolean =>
  message.line[2] === 'HTTP/1.0' || valuesOf(message.fields, 'upgrade').length > 0 || says(message, 'close')
