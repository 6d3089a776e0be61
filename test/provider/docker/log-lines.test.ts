/** The bytes of a log as lines: frames, terminals, times, pieces, and bytes that arrive as they like. */
import t from 'tap'
import { LONGEST_PIECE, linesOf } from '../../../src/provider/docker/log-lines.ts'

const A = '2026-11-21T16:22:34.264689113Z'
const B = '2026-11-21T16:22:34.264736715Z'
const PODMAN = '2026-11-21T17:22:34.5+01:00'
const AT = Date.UTC(2026, 10, 21, 16, 22, 34, 264)

function frame(output: 1 | 2, text: string): Buffer {
  const bytes = Buffer.from(text)
  const header = Buffer.from([output, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

/** `size`: bytes in each chunk. */
async function read(bytes: Buffer, tty: boolean, size: number) {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  return Array.fromAsync(linesOf(chunks(), tty))
}

type Case = [
  what: string,
  tty: boolean,
  sent: Buffer,
  lines: (readonly [stream: string, text: string, stamp: string | null])[],
]

const full = 'x'.repeat(16_384)

const cases: Case[] = [
  ['nothing', false, Buffer.alloc(0), []],
  [
    'both outputs, in order',
    false,
    Buffer.concat([frame(1, `${A} one\n`), frame(2, `${B} two\n`), frame(1, `${B} three\n`)]),
    [
      ['stdout', 'one', A],
      ['stderr', 'two', B],
      ['stdout', 'three', B],
    ],
  ],
  ['an empty line', false, frame(1, `${A} \n`), [['stdout', '', A]]],
  ["the app's own time stays", false, frame(1, `${A} ${B} said\n`), [['stdout', `${B} said`, A]]],
  ['a time with an offset, and few digits', false, frame(1, `${PODMAN} hi\n`), [['stdout', 'hi', PODMAN]]],
  [
    "the engine's own complaint has no time",
    false,
    frame(2, 'Error grabbing logs: EOF\n'),
    [['stderr', 'Error grabbing logs: EOF', null]],
  ],
  ['no end of line at the end', false, frame(1, `${A} $ `), [['stdout', '$ ', A]]],
  [
    'a line that Docker has cut is one again, whatever is said meanwhile',
    false,
    Buffer.concat([frame(1, `${A} ${full}`), frame(2, `${B} err\n`), frame(1, `${A} end\n`)]),
    [
      ['stderr', 'err', B],
      ['stdout', `${full}end`, A],
    ],
  ],
  [
    'the prompt of a run that ended, and the first line of the next one, are two',
    false,
    Buffer.concat([frame(1, `${A} $ `), frame(1, `${B} hello\n`)]),
    [
      ['stdout', '$ ', A],
      ['stdout', 'hello', B],
    ],
  ],
  [
    'a terminal: all is stdout, and lines end as terminals end them',
    true,
    Buffer.from(`${A} one\r\n${B} two\r\n${B} \r\n`),
    [
      ['stdout', 'one', A],
      ['stdout', 'two', B],
      ['stdout', '', B],
    ],
  ],
  [
    'a terminal: times amid a long line are taken out',
    true,
    Buffer.from(`${A} ${full}${A} ${full}${A} end\r\n${B} next\r\n`),
    [
      ['stdout', `${full}${full}end`, A],
      ['stdout', 'next', B],
    ],
  ],
  [
    'a terminal: a line as long as a message',
    true,
    Buffer.from(`${A} ${full}${A} \n${B} next\n`),
    [
      ['stdout', full, A],
      ['stdout', 'next', B],
    ],
  ],
  [
    'a terminal: the time that an app prints, there or elsewhere, stays',
    true,
    Buffer.from(`${A} ab${A} cd\n${A} ${full}${B} said\n${B} ${A} said\n`),
    [
      ['stdout', `ab${A} cd`, A],
      ['stdout', `${full}${B} said`, A],
      ['stdout', `${A} said`, B],
    ],
  ],
  ['a terminal: no end of line at the end', true, Buffer.from(`${A} $ `), [['stdout', '$ ', A]]],
  [
    'a terminal of an engine that adds no times',
    true,
    Buffer.from('hi\nho'),
    [
      ['stdout', 'hi', null],
      ['stdout', 'ho', null],
    ],
  ],
]

for (const [what, tty, sent, lines] of cases) {
  t.test(what, async (t) => {
    for (const size of [1, 7, 31, 4096, 1 << 20]) {
      const got = await read(sent, tty, size)
      t.strictSame(
        got.map(({ stream, text, stamp }) => [stream, text, stamp]),
        lines,
        `in chunks of ${size}`,
      )
    }
  })
}

t.test('the time is milliseconds since the epoch, and null where there is none', async (t) => {
  const sent = Buffer.concat([frame(1, `${A} x\n`), frame(1, `${PODMAN} x\n`), frame(1, 'x\n')])
  const at = (await read(sent, false, 99)).map((line) => line.at)
  t.strictSame(at, [AT, Date.UTC(2026, 10, 21, 16, 22, 34, 500), null])
})

t.test('a line without an end comes in pieces, and no character is torn', async (t) => {
  // Three bytes each, and 65,536 is no multiple of three.
  const text = '€'.repeat(50_000)
  const messages = text.match(/.{1,5461}/gu) ?? []
  const sent = Buffer.concat([...messages.map((part) => frame(1, `${A} ${part}`)), frame(1, `${A} .\n`)])
  const raw = Buffer.from(`${A} ${text}.\n`)
  for (const [bytes, tty] of [
    [sent, false],
    [raw, true],
  ] as const) {
    const lines = await read(bytes, tty, 4096)
    t.equal(lines.map((line) => line.text).join(''), `${text}.`)
    t.equal(lines.length, 3)
    for (const line of lines) t.ok(Buffer.byteLength(line.text) <= LONGEST_PIECE, `${line.text.length}`)
  }
})

t.test('what is not framed is refused before it fills the memory', async (t) => {
  await t.rejects(read(Buffer.from('HTTP/1.1 200 OK\r\n'), false, 99), { message: /not in the form/ })
})

t.test('it reads no further than it is asked to', async (t) => {
  let read = 0
  async function* endless() {
    for (;;) {
      read += 1
      yield frame(1, `${A} line\n`)
    }
  }
  for await (const line of linesOf(endless(), false)) {
    t.equal(line.text, 'line')
    if (read === 3) break
  }
  t.equal(read, 3)
})
