/** Calls that must not overtake each other. */
import t from 'tap'
import { inTurn } from '../../src/cli/in-turn.ts'

t.test('a call begins when the one before has ended, and not earlier', async (t) => {
  const calls: PromiseWithResolvers<number>[] = []
  const ask = inTurn(() => {
    const call = Promise.withResolvers<number>()
    calls.push(call)
    return call.promise
  })
  const results = [ask(), ask(), ask()]
  await new Promise(setImmediate)
  t.equal(calls.length, 1)
  calls[0]?.resolve(1)
  t.equal(await results[0], 1)
  await new Promise(setImmediate)
  t.equal(calls.length, 2, 'the third still waits')
  calls[1]?.reject(new Error('no'))
  await t.rejects(Promise.resolve(results[1]), { message: 'no' })
  await new Promise(setImmediate)
  t.equal(calls.length, 3, 'a failure stops nobody')
  calls[2]?.resolve(3)
  t.equal(await results[2], 3)
})
