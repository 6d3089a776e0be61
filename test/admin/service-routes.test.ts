/** Services over the API: the list, orders and their outcomes, and pins. */
import t from 'tap'
import type { ActionResult, ServiceSnapshot } from '../../src/domain/gate.ts'
import { startAdmin } from '../helpers/admin.ts'
import { FAILURE, FakeControl, NOW, snapshot } from '../helpers/fake-control.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

t.test('the list has the services in the order of the config', async (t) => {
  const { ask } = await startAdmin(t)
  t.match((await ask('GET /api/v1/services')).json, { services: [{ name: 'blog' }, { name: 'shop' }] })
})

t.test('an order is taken at once, with or without a body', async (t) => {
  const never = new Promise<ActionResult>(() => {})
  const { ask, control } = await startAdmin(t)
  control.result = () => never
  t.match(await ask('POST /api/v1/services/blog/wake'), { status: 202, json: { name: 'blog' } })
  t.match(await ask('POST /api/v1/services/blog/sleep'), { status: 202 })
  t.match(await ask('POST /api/v1/services/blog/sleep?wait=false', { headers: JSON_TYPE, body: '{}' }), {
    status: 202,
  })
  await ask('POST /api/v1/services/blog/sleep', { headers: JSON_TYPE, body: '{"force":true}' })
  t.same(control.orders, ['wake blog', 'sleep blog', 'sleep blog', 'sleep blog force'])
})

t.test('an order that fails after it was taken troubles nobody', async (t) => {
  const { ask, control } = await startAdmin(t)
  control.result = () => Promise.reject(new Error('late'))
  t.match(await ask('POST /api/v1/services/blog/wake'), { status: 202 })
  t.match(await ask('GET /healthz'), { status: 200 })
})

t.test('with wait=true the answer is the outcome', async (t) => {
  const { ask } = await startAdmin(t)
  t.match(await ask('POST /api/v1/services/blog/wake?wait=true'), { status: 200, json: { state: 'awake' } })
  t.match(await ask('POST /api/v1/services/blog/sleep?wait=true'), { status: 200, json: { state: 'asleep' } })
})

const NEEDED = 'blog is needed by shop; force puts shop to sleep first.'

for (const query of ['', '?wait=false', '?wait=true']) {
  t.test(`a sleep${query} of what others need is refused at once, whatever failed before`, async (t) => {
    const blog = snapshot('blog', { state: 'awake', neededBy: ['shop'], failure: FAILURE })
    const { ask, control } = await startAdmin(t, { control: new FakeControl(blog) })
    control.result = (current) => Promise.resolve({ done: false, why: NEEDED, snapshot: current })
    const answer = await ask(`POST /api/v1/services/blog/sleep${query}`)
    t.match(answer, { status: 409, json: { code: 'WAKEDOCK_NEEDED', detail: NEEDED, needed_by: ['shop'] } })
    t.notMatch(answer.json, { hint: FAILURE.hint })
  })
}

t.test('a forced sleep of what others need is an order like every other', async (t) => {
  const blog = snapshot('blog', { state: 'awake', neededBy: ['shop'] })
  const { ask, control } = await startAdmin(t, { control: new FakeControl(blog) })
  control.result = () => new Promise(() => {})
  const force = { headers: JSON_TYPE, body: '{"force":true}' }
  t.match(await ask('POST /api/v1/services/blog/sleep', force), { status: 202 })
  control.result = null
  t.match(await ask('POST /api/v1/services/blog/sleep'), { status: 200, json: { state: 'asleep' } })
})

t.test('a pin has an end, or none; the answer is the service', async (t) => {
  const { ask, control } = await startAdmin(t)
  const twoHours = { headers: JSON_TYPE, body: '{"for":"2h"}' }
  t.match(await ask('PUT /api/v1/services/blog/pin', twoHours), {
    status: 200,
    json: { name: 'blog', kept: 'pin', pinned: true, pinned_until: '2026-11-21T12:00:00.000Z' },
  })
  const endless = { status: 200, json: { pinned: true, pinned_until: null } }
  t.match(await ask('PUT /api/v1/services/blog/pin', { headers: JSON_TYPE, body: '{}' }), endless)
  t.match(await ask('PUT /api/v1/services/blog/pin'), endless)
  t.match(await ask('DELETE /api/v1/services/blog/pin'), {
    status: 200,
    json: { kept: null, pinned: false, pinned_until: null },
  })
  t.same(control.orders, ['pin blog 7200000', 'pin blog null', 'pin blog null', 'unpin blog'])
})

const NO_DURATIONS: readonly (readonly [value: string, detail: string])[] = [
  ['"2"', '"for" has no unit; write 2s for seconds or 2m for minutes.'],
  ['"2 hours"', '"for" is not a duration; write 2h.'],
  ['"-2h"', '"for" is not a duration; write it like 500ms, 30s, 15m, 2h or 1h30m.'],
  ['"0"', '"for" must be longer than 0; write it like 500ms, 30s or 15m.'],
  ['"600h"', '"for" is longer than 24 days; write 576h at most.'],
  ['""', '"for" is not a duration; write it like 500ms, 30s, 15m, 2h or 1h30m.'],
]

for (const [value, detail] of NO_DURATIONS) {
  t.test(`a pin for ${value} is refused, and told how to write it`, async (t) => {
    const { ask, control } = await startAdmin(t)
    const answer = await ask('PUT /api/v1/services/blog/pin', {
      headers: JSON_TYPE,
      body: `{"for":${value}}`,
    })
    t.match(answer, { status: 400, json: { code: 'WAKEDOCK_INVALID_INPUT', detail } })
    t.same(control.orders, [])
  })
}

const lastWake = { at: NOW, trigger: 'operator', startMs: 1, readyMs: 1, totalMs: 2 } as const
const OUTCOMES: readonly (readonly [
  verb: string,
  what: string,
  after: Partial<ServiceSnapshot>,
  status: number,
  code: string,
])[] = [
  [
    'wake',
    'fails',
    { failure: FAILURE, lastWake: { ...lastWake, outcome: 'failed' } },
    502,
    'WAKEDOCK_WAKE_FAILED',
  ],
  [
    'wake',
    'times out',
    { failure: FAILURE, lastWake: { ...lastWake, outcome: 'timeout' } },
    504,
    'WAKEDOCK_WAKE_TIMEOUT',
  ],
  ['wake', 'is called off', {}, 409, 'WAKEDOCK_CALLED_OFF'],
  ['sleep', 'is called off by a request', {}, 409, 'WAKEDOCK_CALLED_OFF'],
  ['sleep', 'fails', { failure: FAILURE }, 502, 'WAKEDOCK_SLEEP_FAILED'],
]

for (const [verb, what, after, status, code] of OUTCOMES) {
  t.test(`a ${verb} that ${what} answers ${status}`, async (t) => {
    const { ask, control } = await startAdmin(t)
    control.result = (current) =>
      Promise.resolve({ done: false, why: 'That is why.', snapshot: { ...current, ...after } })
    const answer = await ask(`POST /api/v1/services/blog/${verb}?wait=true`)
    t.match(answer, { status, json: { status, code, detail: 'That is why.' } })
    t.match(answer.headers['content-type'], /^application\/problem\+json/u)
    if (after.failure !== undefined) t.match(answer.json, { reason: 'exited', hint: 'See its log.' })
  })
}
