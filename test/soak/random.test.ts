/** A seed gives the same schedule again, and nobody's choices depend on anybody else's. */
import t from 'tap'
import { Random } from './random.ts'
import { draft, type Draft } from './request.ts'

const drawn = (seed: number, name: string): number[] => {
  const random = new Random(seed, name)
  return Array.from({ length: 1000 }, () => random.int(1, 6))
}

t.test('the same seed and name give the same numbers, others give others', async (t) => {
  t.strictSame(drawn(7, 'blog'), drawn(7, 'blog'))
  t.notSame(drawn(7, 'blog'), drawn(8, 'blog'))
  t.notSame(drawn(7, 'blog'), drawn(7, 'shop'))
})

t.test('numbers keep to their bounds, and reach them', async (t) => {
  t.strictSame(
    [...new Set(drawn(7, 'blog'))].toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5, 6],
  )
})

t.test('what has no weight is never chosen, and the rest by its weight', async (t) => {
  const random = new Random(7, 'weights')
  const counts = { never: 0, seldom: 0, often: 0 }
  for (let n = 0; n < 1000; n++) counts[random.weighted({ never: 0, seldom: 1, often: 9 })]++
  t.equal(counts.never, 0)
  t.ok(counts.seldom > 50 && counts.seldom < 150, `${counts.seldom} of 1000`)
})

t.test('the requests of a seed are the same each time, but for the bytes of their bodies', async (t) => {
  const plan = (): unknown[] => {
    const random = new Random(7, 'visitors')
    return Array.from({ length: 200 }, (_, n): unknown => {
      const made: Draft = draft(random, `blog-${n}`, 'blog', false)
      return { ...made, body: made.body?.length ?? null }
    })
  }
  t.strictSame(plan(), plan())
})
