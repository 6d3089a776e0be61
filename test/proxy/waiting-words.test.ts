/** The words of the waiting page: whose language is whose, and that nothing is said in only one of them. */
import t from 'tap'
import { languageOf, WORDS } from '../../src/proxy/waiting-words.ts'

t.test('the language', async (t) => {
  for (const [accept, language] of [
    ['', 'en'],
    ['en', 'en'],
    ['fr', 'fr'],
    ['FR-ca', 'fr'],
    ['fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5', 'fr'],
    ['en-US,en;q=0.9,fr;q=0.8', 'en'],
    ['en;q=0.5, fr;q=0.7', 'fr'],
    ['en;q=0.5, fr-BE;q=0.4, fr;q=0.6', 'fr'],
    ['fr;q=0, *', 'en'],
    ['en;q=0, *', 'fr'],
    ['de', 'en'],
    ['de, fr;q=0.1', 'fr'],
    ['*', 'en'],
    ['fr;q=much', 'en'],
    ['fry', 'en'],
    [',;,', 'en'],
  ] as const)
    t.equal(languageOf(accept), language, accept)
})

/** Every text, by its path: "failed.oom". */
function texts(words: object, path = ''): [string, string][] {
  return Object.entries(words).flatMap(([name, value]: [string, unknown]): [string, string][] =>
    typeof value === 'object' && value !== null
      ? texts(value, `${path}${name}.`)
      : [[`${path}${name}`, String(value)]],
  )
}

t.test('both languages say everything, with the same values put in', async (t) => {
  const english = new Map(texts(WORDS.en))
  const french = new Map(texts(WORDS.fr))
  t.same([...french.keys()], [...english.keys()])
  for (const [name, text] of english) {
    const other = french.get(name) ?? ''
    t.same(other.match(/\{\w+\}/g), text.match(/\{\w+\}/g), name)
    // A unit, with its figure, is the same in both.
    if (text !== '{n} s') t.not(other, text, name)
    // Without markup: they are put into the page as they are.
    t.notMatch(text + other, /[<>&"]/, name)
  }
})
