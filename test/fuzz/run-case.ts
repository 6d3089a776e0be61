/** Runs one case through the subject, then a right request on a new connection, and says what was wrong. */
import { pathOf, type Case } from './case.ts'
import { converse, type Conversation } from './client.ts'
import { judgeAnswer } from './judge-answer.ts'
import { fault, judgeRequest, type Fault } from './judge-request.ts'
import { answered, asked } from './readings.ts'
import { valuesOf } from './strict-http.ts'
import type { Subject } from './subject.ts'
import type { Upstream } from './upstream.ts'
import { turn, within } from './wait.ts'

/** Milliseconds: for an answer that is due; for one that may never come; for what is left to be given back. */
const DUE = 4000
const DOUBTFUL = 25
const BOUND = 4000

export interface Setting {
  readonly subject: Subject
  readonly upstream: Upstream
  /** Exceptions that would have ended the process. */
  readonly crashes: unknown[]
}

let checks = 0

export async function runCase(setting: Setting, each: Case): Promise<Fault | null> {
  const { subject, upstream, crashes } = setting
  const record = upstream.begin(each.style, each.odd === 'answer' ? each : null)
  if (each.held) subject.sleep()
  const wake = (): Promise<void> => (each.held ? subject.wake() : turn())
  const client = each.odd === 'request' ? { ...each, ...expectations(each) } : plainClient(each)
  const conversation = await converse(subject.port, { ...client, sent: wake })
  const verdict = each.odd === 'request' ? judgeRequest : judgeAnswer
  // Before its verdict, so that all of it has reached the upstream.
  const quiet = each.odd === 'answer' || (await within(BOUND, () => upstream.quiet))
  const found = verdict(each, conversation, record)
  if (!quiet) upstream.drop()
  const bugs = [...crashes.splice(0), ...subject.bugs()].map((error) =>
    error instanceof Error ? error.stack : JSON.stringify(error),
  )
  if (bugs.length > 0) return fault('an exception', bugs.join('\n'))
  if (found !== null) return found
  if (!quiet)
    return fault('the upstream still waits for the rest of a request whose client has left', each.end)
  if (each.odd === 'answer' && endsInTrailers(each)) upstream.drop()
  const next = await checkNext(setting)
  if (next !== null) return next
  if (!(await within(BOUND, () => subject.leak() === null))) return fault('a leak', subject.leak())
  return null
}

/** When a client whose requests are odd has what it can expect. */
function expectations(each: Case) {
  const sent = each.pieces.join('')
  const all = asked(sent)
  const methods = all.requests.map(({ line: [method] }) => method)
  return {
    satisfied: (received: string): boolean => {
      const { answers, tunnel, rest } = answered(received, methods, false)
      // What it sends into a tunnel comes back.
      if (tunnel !== null) return tunnel.length >= sent.length - (all.requests[answers.length - 1]?.end ?? 0)
      return all.rest === 'nothing' && rest === 'nothing' && answers.length >= methods.length
    },
    patience: all.rest === 'nothing' && methods.length > 0 ? DUE : DOUBTFUL,
  }
}

/** The client of an odd upstream. */
function plainClient({ method, pieces, end }: Case) {
  const body = method === 'POST' ? 'body' : ''
  const length = method === 'POST' ? `Content-Length: ${body.length}\r\n` : ''
  const whole = answered(pieces.join(''), [method], end === 'close', true).answers.length > 0
  return {
    pieces: [`${method} ${pathOf('odd')} HTTP/1.1\r\nHost: a\r\n${length}\r\n${body}`],
    end: 'wait' as const,
    satisfied: (received: string): boolean => {
      const got = answered(received, [method], false)
      return got.rest === 'nothing' && got.answers.length > 0
    },
    patience: whole || end !== 'wait' ? DUE : DOUBTFUL,
  }
}

/**
 * A Connection among the trailers, which may not be there (RFC 9110 section 6.5.1): llhttp obeys it and undici does not see it, so
 * the next request on that connection is lost (undici 8.12). Nothing of ours could tell in time.
 */
const endsInTrailers = ({ pieces, method }: Case): boolean =>
  answered(pieces.join(''), [method], true, true).answers.some(
    ({ trailers }) =>
      valuesOf(trailers, 'connection').length + valuesOf(trailers, 'proxy-connection').length > 0,
  )

/** A right request on a new connection: it must get its own answer, and nothing of the case before. */
async function checkNext({ subject, upstream, crashes }: Setting): Promise<Fault | null> {
  // What the odd upstream has written last is on its way.
  await turn()
  await turn()
  const record = upstream.begin('length', null)
  const path = `/next-${checks++}`
  const conversation: Conversation = await converse(subject.port, {
    pieces: [`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nnext`],
    end: 'wait',
    satisfied: (received) => answered(received, ['POST'], false).answers.length > 0,
    patience: DUE,
  })
  const { answers, rest } = answered(conversation.received, ['POST'], false)
  const [answer] = answers
  const seen = record.requests.map(({ line, body }) => [line[0], line[1], body].join(' '))
  if (
    answers.length !== 1 ||
    rest !== 'nothing' ||
    answer?.line[1] !== '200' ||
    valuesOf(answer.fields, 'x-seen').join() !== `POST ${path}`
  )
    return fault('the next request did not get its answer', {
      ...conversation,
      received: conversation.received.slice(0, 600),
      seen,
    })
  if (seen.join('\n') !== `POST ${path} next`) return fault('the next request was seen differently', seen)
  if (crashes.length > 0) return fault('an exception', crashes.splice(0).join('\n'))
  return null
}
