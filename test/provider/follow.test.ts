/** The promise of order, with every interleaving of questions, answers and verbs made by hand. */
import t from 'tap'
import type { TargetStatus } from '../../src/domain/ports.ts'
import type { ContainerTarget } from '../../src/domain/service.ts'
import { Follower } from '../../src/provider/follow.ts'
import type { Observation } from '../../src/provider/follow.ts'
import { FakeClock, settled } from '../helpers/fake-clock.ts'
import { until } from '../helpers/docker.ts'
import { Listener, containerTarget } from './outside.ts'

const paused: TargetStatus = { state: 'paused' }
const missing: TargetStatus = { state: 'missing' }

/** A follower whose questions wait for the test to answer them. */
function open(limit = 16) {
  const clock = new FakeClock()
  const asked: { target: ContainerTarget; answer: (status: TargetStatus) => void; fail: () => void }[] = []
  const ask = (target: ContainerTarget): Promise<Observation> =>
    new Promise((resolve, reject) => {
      const answer = (status: TargetStatus): void => resolve({ status, mark: status.state })
      asked.push({ target, answer, fail: () => reject(new Error('no answer')) })
    })
  const follower = new Follower<ContainerTarget>({ ask, clock, limit })
  const listener = new Listener()
  const answer = async (status: TargetStatus): Promise<void> => {
    asked.shift()?.answer(status)
    await settled()
  }
  return { clock, asked, follower, listener, answer }
}

const app = containerTarget('app')

t.test('nothing is asked before the provider answers, and each is asked at once then', async (t) => {
  const { follower, asked, listener, answer } = open()
  follower.watch([app, containerTarget('db')], listener)
  t.equal(asked.length, 0)
  follower.resync()
  t.equal(asked.length, 2)
  await answer(paused)
  t.strictSame(listener.log, ['paused'])
})

t.test('an answer from before a verb is thrown away and asked for again after it', async (t) => {
  const { follower, asked, listener, answer } = open()
  follower.watch([app], listener)
  follower.resync()
  const verb = Promise.withResolvers<void>()
  const start = follower.verb(app, () => verb.promise)
  await answer(missing)
  t.strictSame([listener.log, asked.length], [[], 0], 'while it is under way: nothing is told, nothing asked')
  verb.resolve()
  await start
  await settled()
  t.equal(asked.length, 1)
  await answer(paused)
  t.strictSame(listener.log, ['paused'])
})

t.test('an answer to a question asked during a verb is not told either', async (t) => {
  const { follower, asked, listener, answer } = open()
  follower.watch([app], listener)
  follower.resync()
  await follower.verb(app, () => Promise.resolve())
  await settled()
  await answer(missing)
  t.strictSame(listener.log, [], 'asked before the verb, answered after it')
  t.equal(asked.length, 1)
})

t.test('an event during a verb is followed up after it, and never before its caller knows', async (t) => {
  const { follower, asked, listener, answer } = open()
  follower.watch([app], listener)
  follower.resync()
  await answer(paused)
  const order: string[] = []
  const verb = Promise.withResolvers<void>()
  const wrapped = async (): Promise<void> => {
    await follower.verb(app, () => verb.promise)
  }
  const caller = wrapped().then(() => order.push(`settled, ${asked.length} asked`))
  follower.changed(() => true)
  t.equal(asked.length, 0)
  verb.resolve()
  await caller
  await settled()
  t.strictSame(order, ['settled, 0 asked'])
  t.equal(asked.length, 1)
})

t.test('verbs on one target run one after the other, also after a failure', async (t) => {
  const { follower } = open()
  const order: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = follower.verb(app, async () => {
    await gate.promise
    order.push('first')
    throw new Error('refused')
  })
  const second = follower.verb(app, () => {
    order.push('second')
    return Promise.resolve()
  })
  await follower.verb(containerTarget('db'), () => {
    order.push('other')
    return Promise.resolve()
  })
  gate.resolve()
  await t.rejects(first, { message: 'refused' })
  await second
  t.strictSame(order, ['other', 'first', 'second'])
})

t.test('events that come while a question is under way cause one more', async (t) => {
  const { follower, asked, listener, answer } = open()
  follower.watch([app], listener)
  follower.resync()
  follower.changed(() => true)
  follower.changed(() => true)
  await answer(paused)
  t.equal(asked.length, 1)
  await answer(missing)
  t.strictSame([listener.log, asked.length], [['paused', 'missing'], 0])
})

t.test('the same observation is told once, and again after a verb or at a resync', async (t) => {
  const { follower, listener, answer } = open()
  follower.watch([app], listener)
  follower.resync()
  await answer(paused)
  follower.changed(() => true)
  await answer(paused)
  t.equal(listener.log.length, 1)
  follower.resync()
  await answer(paused)
  t.equal(listener.log.length, 2)
  await follower.verb(app, () => Promise.resolve())
  await settled()
  follower.changed(() => true)
  await answer(paused)
  t.equal(listener.log.length, 3)
})

t.test('a question that fails is asked again after a second, unless the provider is lost', async (t) => {
  const { clock, follower, asked, listener } = open()
  follower.watch([app], listener)
  follower.resync()
  asked.shift()?.fail()
  await clock.advance(999)
  t.equal(asked.length, 0)
  await clock.advance(1)
  t.equal(asked.length, 1)
  asked.shift()?.fail()
  await settled()
  follower.suspend()
  await clock.advance(60_000)
  t.equal(asked.length, 0)
})

t.test('no more questions at once than the limit, and none is forgotten', async (t) => {
  const { follower, asked, listener } = open(3)
  const targets = Array.from({ length: 10 }, (_, index) => containerTarget(`c${index}`))
  follower.watch(targets, listener)
  follower.resync()
  let most = 0
  while (asked.length > 0) {
    most = Math.max(most, asked.length)
    asked.shift()?.answer(paused)
    await settled()
  }
  t.equal(most, 3)
  t.equal(new Set(listener.statuses.map(({ target }) => target.key)).size, 10)
})

t.test('inspect waits for the verb under way, and never answers with what was before it', async (t) => {
  const { follower, asked, answer } = open()
  const status = follower.inspect(app)
  await settled()
  const verb = Promise.withResolvers<void>()
  const start = follower.verb(app, () => verb.promise)
  await answer(missing)
  t.equal(asked.length, 0, 'the first answer is from before the verb; the next question waits for its end')
  verb.resolve()
  await start
  await until('it is asked again', () => asked.length === 1)
  await answer(paused)
  t.strictSame(await status, paused)
})

t.test('inspect does not answer with what was before a verb that is over by then', async (t) => {
  const { follower, asked, answer } = open()
  const status = follower.inspect(app)
  await settled()
  await follower.verb(app, () => Promise.resolve())
  await settled()
  await answer(missing)
  await until('it is asked again', () => asked.length === 1)
  await answer(paused)
  t.strictSame(await status, paused)
})

t.test('a target that is no longer watched, or has changed, is not told of by an old answer', async (t) => {
  const { follower, asked, listener, answer } = open()
  follower.watch([app], listener)
  follower.resync()
  follower.watch([{ ...app, port: 81 }], listener)
  await answer(missing)
  t.strictSame(listener.log, [])
  t.match(asked, [{ target: { port: 81 } }])
  follower.watch([], listener)
  await answer(paused)
  t.strictSame(listener.log, [])
})
