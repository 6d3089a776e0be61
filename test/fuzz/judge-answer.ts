/**
 * The verdict on a case whose upstream was odd: what the client took for a whole answer must be one that the upstream has sent
 * whole. Anything else must look broken to the client, or be an error of ours.
 */
import type { Case } from './case.ts'
import type { Conversation } from './client.ts'
import { fault, isOwn, type Fault } from './judge-request.ts'
import { answered, type Answered } from './readings.ts'
import { arrived, sentOn } from './sent-on.ts'
import { valuesOf, type Fields, type Message } from './strict-http.ts'

export function judgeAnswer(each: Case, { received, ended, hung }: Conversation): Fault | null {
  const { method } = each
  const sent = answered(each.pieces.join(''), [method], each.end === 'close', true)
  const got = answered(received, [method], ended === 'clean')
  const [answer] = got.answers
  const [whole] = sent.answers
  if (hung) return fault('the connection stays open after its client has ended it', received.slice(-300))
  if (got.rest === 'broken')
    return fault('the client got something that is no HTTP', {
      why: got.why,
      received: received.slice(0, 600),
    })
  if (got.answers.length > 1)
    return fault(
      'more than one answer',
      got.answers.map(({ line }) => line),
    )
  if (answer === undefined)
    return whole === undefined || isExcused(sent, each)
      ? null
      : fault('a whole answer was not passed on', received.slice(0, 600))
  if (isOwn(answer))
    return whole === undefined || isExcused(sent, each)
      ? null
      : fault('a whole answer was refused', { answer: whole.line, error: answer.line })
  if (whole === undefined && isReadKindly(sent)) return null
  if (whole === undefined)
    return fault('a broken answer ends cleanly', {
      sent: sent.why || sent.rest,
      got: [...answer.line, answer.body.slice(0, 300)],
    })
  if (answer.line[1] !== whole.line[1]) return fault('another status', { sent: whole.line, got: answer.line })
  if (answer.body !== whole.body)
    return fault('another body', { sent: whole.body.slice(0, 300), got: answer.body.slice(0, 300) })
  const expected = sentOn(whole.fields)
  const fields = arrived(added(answer.fields, whole.fields, each))
  if (fields === null) return fault('an answer without our Via', answer.fields)
  if (fields.join('\n') !== expected.join('\n'))
    return fault('fields of an answer have changed', { sent: expected, got: fields })
  const informed = before(got).map(({ line, fields }) =>
    [line[1], ...(arrived(fields) ?? ['no Via'])].join('\n'),
  )
  const informing = before(sent).map(({ line, fields }) => [line[1], ...sentOn(fields)].join('\n'))
  if (informed.join('\n\n') !== informing.join('\n\n'))
    return fault('interim answers have changed', { sent: informing, got: informed })
  return null
}

/** The interim answers before the first final one. */
const before = ({ interim }: Answered): Message[] =>
  interim.filter(({ before }) => before === 0).map(({ message }) => message)

/** Without what is added on the way: how long it was held, and a Date where there is none (RFC 9110 section 6.6.1). */
function added(fields: Fields, sent: Fields, { held }: Case): Fields {
  const dated = valuesOf(sent, 'date').length > 0
  return fields.filter(
    ([name, value]) =>
      !(name === 'Date' && !dated) && !(held && name === 'Server-Timing' && /^wake;dur=\d+$/.test(value)),
  )
}

/** A slip in the lines of the head that undici overlooks. What it makes of it is passed on in good form, and how it ends is known. */
const isReadKindly = ({ rest, begun, why }: Answered): boolean =>
  rest === 'broken' && begun === null && /^a (?:first line|bare)/.test(why)

/** Whole answers that WakeDock does not pass on, each for a reason. */
function isExcused(sent: Answered, each: Case): boolean {
  const text = each.pieces.join('')
  return (
    // A reset overtakes what was sent before it.
    each.end === 'break' ||
    // A 101 nobody asked for (RFC 9110 section 15.2.2).
    sent.answers[0]?.line[1] === '101' ||
    // undici takes a 100 nobody asked for as an error (design/data-path.md).
    sent.interim.some(({ message }) => message.line[1] === '100') ||
    // Where there is no body to frame, a wrong framing field is read over here.
    (sent.answers[0]?.framing === 'none' &&
      (valuesOf(sent.answers[0].fields, 'transfer-encoding').length > 0 ||
        valuesOf(sent.answers[0].fields, 'content-length').some(
          (value, i) => i > 0 || !/^\d{1,18}$/.test(value),
        ))) ||
    // The limit of heads, 64 KiB.
    text.length > 65_536
  )
}
