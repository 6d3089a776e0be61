/** What is known of the config over its reloads. */
import t from 'tap'
import { loadConfigText, type LoadResult } from '../src/config/load.ts'
import { Secret, type Settings } from '../src/config/settings.ts'
import { createConfigRecord } from '../src/reload-record.ts'
import { FakeClock } from './helpers/fake-clock.ts'

function load(text: string): Promise<LoadResult> {
  return loadConfigText(text, '/etc/wakedock.yaml', {})
}

async function started(text: string) {
  const first = await load(text)
  if (!first.ok) throw new Error('the first config has faults')
  const clock = new FakeClock()
  let settings: Settings = first.settings
  const record = createConfigRecord(first, () => settings, clock)
  return { clock, record, begin: clock.wallTime(), first, use: (next: Settings) => (settings = next) }
}

const BLOG = 'services: { blog: { hosts: blog.example.com, container: ghost } }'

t.test('it knows since when what is in force, and why the last reload was refused', async (t) => {
  const { clock, record, begin, first } = await started(BLOG)
  t.strictSame(record.state(), { file: '/etc/wakedock.yaml', loadedAt: begin, refused: null, warnings: [] })
  t.strictSame(await record.document(), {
    services: { blog: { hosts: 'blog.example.com', container: 'ghost' } },
  })
  await clock.advance(1_000)
  record.refused(['wakedock.yaml:1:1 is wrong'])
  t.strictSame(record.state(), {
    file: '/etc/wakedock.yaml',
    loadedAt: begin,
    refused: { at: begin + 1_000, faults: ['wakedock.yaml:1:1 is wrong'] },
    warnings: [],
  })
  t.match(await record.document(), { services: { blog: {} } }, 'what is in force is shown')
  await clock.advance(1_000)
  const fault = { file: 'a.yaml', line: 1, column: 2, path: 'services', message: 'is empty' }
  record.taken(new Secret('services: {}'), [fault])
  t.strictSame(record.state(), {
    file: first.settings.file,
    loadedAt: begin + 2_000,
    refused: null,
    warnings: ['a.yaml:1:2 services is empty'],
  })
  t.strictSame(await record.document(), { services: {} })
})

t.test('a file is validated as a reload would, and nothing changes', async (t) => {
  const { record, begin } = await started(BLOG)
  const next = `listen: ":8888"\n${BLOG.replace('ghost }', 'ghost, idle_timeout: 1h }')}`
  t.strictSame(
    await record.validate(
      () => load(next),
      () => null,
    ),
    {
      ok: true,
      changes: [
        'blog changed',
        'general settings changed',
        'listen has changed; it takes effect when WakeDock is started again',
      ],
      warnings: [],
    },
  )
  t.strictSame(
    await record.validate(
      () => load(BLOG),
      () => null,
    ),
    { ok: true, changes: [], warnings: [] },
  )
  t.match(
    await record.validate(
      () => load('services: {}'),
      () => null,
    ),
    { ok: true, warnings: [/is empty/] },
  )
  t.match(
    await record.validate(
      () => load('servces: {}'),
      () => 'unasked',
    ),
    {
      ok: false,
      faults: [/^\/etc\/wakedock\.yaml:1:1 servces is not an option/],
    },
  )
  const objection = ({ services }: Settings): string => `${services.length} service is one too many`
  t.strictSame(await record.validate(() => load(BLOG), objection), {
    ok: false,
    faults: ['1 service is one too many'],
  })
  t.match(record.state(), { loadedAt: begin, refused: null })
})
