/**
 * One config file a rule, under fixtures/. The comments at the head of each say what it shows, what surrounds it
 * (`# env: NAME=value`, `# file: /path=content`) and what must be said of it, line by line and with its place
 * (`# fault:`, `# warning:`). A file without expectations must load without a word.
 */
import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { formatFault, loadConfigText } from '../../src/config/load.ts'
import { KINDS } from '../../src/config/values.ts'

const FOLDER = new URL('fixtures/', import.meta.url)
const FILE = '/etc/wakedock/wakedock.yaml'

interface Fixture {
  readonly title: string
  readonly text: string
  readonly env: Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, string>>
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

function readFixture(text: string): Fixture {
  const [title = '', ...lines] = text
    .split('\n')
    .slice(
      0,
      text.split('\n').findIndex((line) => !line.startsWith('#')),
    )
    .map((line) => line.slice(2))
  const values = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word}: `)).map((line) => line.slice(word.length + 2))
  const pairs = (word: string): Record<string, string> =>
    Object.fromEntries(
      values(word).map((line) => {
        const split = line.indexOf('=')
        return [line.slice(0, split), line.slice(split + 1).replaceAll(String.raw`\n`, '\n')]
      }),
    )
  return {
    title,
    text,
    env: pairs('env'),
    files: pairs('file'),
    faults: values('fault'),
    warnings: values('warning'),
  }
}

async function load({ text, env, files }: Fixture): Promise<{ faults: string[]; warnings: string[] }> {
  const readText = (path: string): Promise<string> => {
    const content = files[path]
    if (content === undefined)
      return Promise.reject(Object.assign(new Error('no such file'), { code: 'ENOENT' }))
    return Promise.resolve(content)
  }
  const result = await loadConfigText(text, FILE, env, readText)
  const shown = (faults: Parameters<typeof formatFault>[0][]): string[] =>
    faults.map((fault) => formatFault(fault).replace(`${FILE}:`, ''))
  return result.ok
    ? { faults: [], warnings: shown([...result.warnings]) }
    : { faults: shown([...result.faults]), warnings: [] }
}

const names = (await readdir(FOLDER)).toSorted()
const fixtures = await Promise.all(
  names.map(async (name) => readFixture(await readFile(new URL(name, FOLDER), 'utf8'))),
)

for (const [index, fixture] of fixtures.entries())
  t.test(`${names[index]}: ${fixture.title}`, async (t) => {
    t.strictSame(await load(fixture), { faults: fixture.faults, warnings: fixture.warnings })
  })

t.test('no word of JSON Schema or of a library reaches a person', (t) => {
  const jargon =
    /[Ss]chema|oneOf|anyOf|must match|must NOT|additional propert|instancePath|YAML\.|undefined|\[object|x-kind/
  for (const line of fixtures.flatMap(({ faults, warnings }) => [...faults, ...warnings]))
    t.notMatch(line, jargon)
  t.end()
})

t.test('every fixture has a title of its own, and there are fixtures for every kind of value', (t) => {
  const titles = fixtures.map(({ title }) => title)
  t.equal(new Set(titles).size, titles.length)
  t.ok(names.length > Object.keys(KINDS).length)
  t.end()
})
