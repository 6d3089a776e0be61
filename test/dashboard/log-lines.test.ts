/** Lines of a log as the page keeps them. */
import t from 'tap'
import {
  createLineReader,
  filtered,
  LINES_KEPT,
  withLines,
  type Line,
} from '../../src/dashboard/log-lines.ts'

const AT = '2026-11-21T10:00:00.000Z'
const row = (value: object): string => `${JSON.stringify(value)}\n`
const line = (id: number, text: string): Line => ({ id, at: AT, stream: 'stdout', part: '', text })

t.test('lines are read however they are cut, each with an id of its own', async (t) => {
  const text =
    row({ at: AT, stream: 'stdout', text: 'é 1' }) +
    row({ at: null, stream: 'stderr', text: '', part: 'shop/db' })
  const whole = [line(1, 'é 1'), { id: 2, at: null, stream: 'stderr', part: 'db', text: '' }]
  t.same(createLineReader().push(text), whole)
  const reader = createLineReader()
  t.same(
    text.split('').flatMap((piece) => reader.push(piece)),
    whole,
  )
})

t.test('what is no line is left out', async (t) => {
  t.same(
    createLineReader().push(
      `{"at":\n\n[]\n5\n{"text":7}\n${row({ at: AT, stream: 'stdout', text: 'x' })}{"half`,
    ),
    [line(1, 'x')],
  )
})

t.test('what is meant for terminals is not shown', async (t) => {
  const escape = '\u001b'
  const texts = [
    [`${escape}[1;31mred${escape}[0m`, 'red'],
    [`${escape}]0;title\u0007prompt`, 'prompt'],
    [`${escape}]8;;http://x${escape}\\link`, 'link'],
    ['a\tb\r[INFO] c\u0000', 'a\tb[INFO] c'],
    [`${escape}[2K${escape}[1Gdone ${escape}M`, 'done '],
  ] as const
  for (const [text, shown] of texts)
    t.equal(createLineReader().push(row({ at: AT, stream: 'stdout', text }))[0]?.text, shown)
})

t.test('an endless line is cut, and says so', async (t) => {
  const [long] = createLineReader().push(row({ at: AT, stream: 'stdout', text: 'x'.repeat(5_000) }))
  t.equal(long?.text, `${'x'.repeat(4_000)}… (1000 more characters)`)
})

t.test('the last lines are kept, and no more', async (t) => {
  const many = Array.from({ length: LINES_KEPT + 5 }, (_, index) => line(index + 1, 'x'))
  const kept = withLines(withLines([], many.slice(0, 10)), many.slice(10))
  t.equal(kept.length, LINES_KEPT)
  t.equal(kept[0]?.id, 6)
  t.equal(withLines(kept, []), kept)
})

t.test('a filter looks for a text in the line and in the name of its part', async (t) => {
  const lines = [line(1, 'GET / 200'), { ...line(2, 'ready'), part: 'Db' }]
  t.equal(filtered(lines, '  '), lines)
  t.same(
    filtered(lines, 'get').map(({ id }) => id),
    [1],
  )
  t.same(
    filtered(lines, 'db').map(({ id }) => id),
    [2],
  )
})
