/** The floor of the holds bench and its client: what they count has to be true before any figure is. */
import t from 'tap'
import { startFloor } from '../../bench/contestants/holds-floor.ts'
import { sendAll } from '../../bench/held-requests.ts'
import { holdTables, perRequest, type HoldSample } from '../../bench/holds-report.ts'
import { until } from '../helpers/docker.ts'

for (const [what, body] of [
  ['without a body', null],
  ['with a body', Buffer.alloc(65_536, 'wake')],
] as const) {
  t.test(`requests ${what} wait until they are released, and come back intact`, async (t) => {
    const floor = await startFloor(t)
    let ended = false
    const sent = sendAll({ port: floor.port, host: 'held.example.com' }, 20, body)
    void sent.then(() => (ended = true))
    await until('all wait', async () => (await floor.held()) === 20)
    t.notOk(ended, 'none is answered yet')

    await floor.release()
    const answers = await sent
    t.equal(answers.length, 20)
    t.ok(answers.every(({ status, intact, held }) => status === 200 && intact && !held))
    t.equal(await floor.held(), 0)
    t.equal(await floor.end(), null, 'there is no engine that could count its starts')
  })
}

const memory = (rss: number) => ({ rss, anon: rss / 2, peak: rss + 50 })
const answer = { at: 100, status: 200, held: true, intact: true }
const sample: HoldSample = {
  who: 'WakeDock',
  bytes: 65_536,
  before: memory(80),
  held: memory(180),
  after: memory(200),
  late: memory(190),
  answers: [answer, { ...answer, at: 350 }],
  starts: 1,
}

t.equal(perRequest(sample, 1000), 102.4, 'what was added to the RSS is shared by the requests, in KiB')

t.test('what was lost or changed on the way is missing from the account', (t) => {
  const cells = (text: string | undefined): string[] =>
    text
      ?.split('\n')
      .at(-1)
      ?.split('|')
      .map((cell) => cell.trim())
      .slice(1, -1) ?? []
  const bad = { ...answer, intact: false }
  const refused = { ...answer, status: 503, held: false }
  const [memories, , account] = holdTables(
    [sample, { ...sample, starts: 2, answers: [bad, refused] }],
    1000,
    10,
  )
  const named = 'WakeDock, 64 KiB body'
  t.strictSame(cells(account), [named, '4', '2', '3', '1 2', '125', '250'])
  t.strictSame(cells(memories), [named, '2', '102', '102', '102 to 102', '80.0', '180', '200', '190', '240'])
  t.end()
})
