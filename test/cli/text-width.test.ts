/** Text in the columns of a terminal. */
import t from 'tap'
import { formatBytes } from '../../src/cli/size.ts'
import { cut, pad, widthIn, wrap } from '../../src/cli/text-width.ts'

t.test('what is cut fits, and says so', (t) => {
  const cases: readonly (readonly [text: string, columns: number, cut: string])[] = [
    ['nextcloud', 9, 'nextcloud'],
    ['nextcloud', 8, 'nextclo…'],
    ['nextcloud', 1, '…'],
    ['nextcloud', 0, ''],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['e\u0301te\u0301', 3, 'e\u0301te\u0301'],
    ['👨‍👩‍👧 family', 4, '👨‍👩‍👧 …'],
  ]
  for (const [text, columns, expected] of cases)
    t.equal(cut(text, columns), expected, `${text} in ${columns}`)
  t.end()
})

t.test('a column of wide letters lines up', (t) => {
  t.equal(pad('日本', 6), '日本  ')
  t.equal(pad('blog', 6), 'blog  ')
  t.equal(pad('nextcloud', 6), 'nextcloud')
  t.equal(widthIn('日本'), 4)
  t.end()
})

t.test('lines break between words, and within one that is too long', (t) => {
  t.strictSame(wrap('the quick brown fox', 10), ['the quick', 'brown fox'])
  t.strictSame(wrap('the quick brown fox', Infinity), ['the quick brown fox'])
  t.strictSame(wrap('/a/very/long/path is', 8), ['/a/very/', 'long/pat', 'h is'])
  t.strictSame(wrap('日本語 日本語', 6), ['日本語', '日本語'])
  t.end()
})

t.test('bytes', (t) => {
  const cases = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 KiB'],
    [1536, '1.5 KiB'],
    [45.4 * 1024 ** 2, '45 MiB'],
    [1000 * 1024 ** 2, '1 GiB'],
    [3 * 1024 ** 4, '3 TiB'],
  ] as const
  for (const [bytes, text] of cases) t.equal(formatBytes(bytes), text)
  t.end()
})
