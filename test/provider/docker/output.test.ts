/** What a command in a container prints: out of Docker's frames, and fit for a line of a log. */
import t from 'tap'
import { firstLine, outputOf } from '../../../src/provider/docker/output.ts'

/** As Docker sends it: 1 is standard output, 2 is standard error. */
function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text)
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const both = Buffer.concat([frame(2, 'no route\n'), frame(1, 'sur le réseau\n')])
for (const size of [1, 7, 8, 9, 1000]) {
  t.test(`both outputs in their order, in pieces of ${size}`, async (t) => {
    t.equal(await outputOf(inPieces(both, size)), 'no route\nsur le réseau\n')
  })
}

t.test('nothing printed', async (t) => {
  t.equal(await outputOf(inPieces(Buffer.alloc(0), 1)), '')
})

t.test('of a flood only the beginning is kept, and all of it is read', async (t) => {
  let left = 1000
  async function* flood(): AsyncGenerator<Buffer> {
    for (; left > 0; left -= 1) yield frame(1, 'x'.repeat(1016))
  }
  const output = await outputOf(flood())
  t.match(output, /^x+$/)
  t.ok(output.length <= 4096, `${output.length} characters`)
  t.equal(left, 0)
})

t.test('a stream that breaks off is an error', async (t) => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield frame(1, 'half')
    throw new Error('cut')
  }
  await t.rejects(outputOf(broken()), /cut/)
})

const lines: [what: string, output: string, line: string][] = [
  ['the first of several', 'refused\nsee the log\n', 'refused'],
  ['the first that says anything', '\n \r\n  down\n', 'down'],
  ['colours and control characters', '\u001b[31mFAIL\u001b[0m\u0007 db\t1\n', 'FAIL db1'],
  ['a long one', `${'é'.repeat(150)}${'😀'.repeat(150)}`, `${'é'.repeat(150)}${'😀'.repeat(50)}`],
  ['none', '\n\n', ''],
]
for (const [what, output, line] of lines) {
  t.test(`a line for the log: ${what}`, (t) => {
    t.equal(firstLine(output), line)
    t.end()
  })
}
