/** Server-Sent Events, however the network cuts them (HTML, section 9.2.6). */
import t from 'tap'
import { createSseParser, type SseEvent } from '../../src/dashboard/sse.ts'

const STREAM = `retry: 2000\r\n\r\n: awake\n\nid: a-1\nevent: woke\ndata: {"at":1}\n\ndata: one\ndata:two\ndata\n\revent: gone\n\nevent: crlf\r\ndata: x\r\ndata: y\r\n\r\nid: a-2\n\nid: a-3\ndata: half`

const EVENTS: readonly SseEvent[] = [
  { type: 'woke', data: '{"at":1}' },
  { type: 'message', data: 'one\ntwo\n' },
  { type: 'crlf', data: 'x\ny' },
]

function parse(pieces: readonly string[]): { events: SseEvent[]; lastId: string | null } {
  const parser = createSseParser()
  const events = pieces.flatMap((piece) => parser.push(piece))
  return { events, lastId: parser.lastId }
}

t.test('events, comments and ids are read; what is not complete waits', async (t) => {
  t.same(
    parse([STREAM]),
    { events: EVENTS, lastId: 'a-2' },
    'an id without data counts; an unfinished event does not',
  )
})

t.test('it makes no difference where the text is cut', async (t) => {
  t.same(parse(STREAM.split('')), parse([STREAM]))
  for (let cut = 1; cut < STREAM.length; cut++)
    t.same(parse([STREAM.slice(0, cut), STREAM.slice(cut)]), parse([STREAM]), `cut at ${cut}`)
})

t.test('a new connection goes on from the id that it is given', async (t) => {
  const parser = createSseParser('a-9')
  t.equal(parser.lastId, 'a-9')
  parser.push('id: bad\0id\ndata: x\n\n')
  t.equal(parser.lastId, 'a-9', 'an id with a NUL is none')
  parser.push('id\ndata: x\n\n')
  t.equal(parser.lastId, '', 'an empty one forgets it')
})
