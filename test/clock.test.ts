import t from 'tap'
import { clock } from '../src/clock.ts'

t.test('a timer never fires before its time has passed on the same clock, and fires once', async (t) => {
  const early: number[] = []
  let fired = 0
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => {
      const delay = (i % 20) + i / 200
      const due = clock.now() + delay
      return new Promise<void>((resolve) => {
        clock.setTimer(delay, () => {
          fired++
          if (clock.now() < due) early.push(due - clock.now())
          resolve()
        })
        // The clock's own timers do not keep the process alive.
        setTimeout(() => undefined, 100)
      })
    }),
  )
  t.strictSame(early, [])
  t.equal(fired, 200)
})

t.test('a cancelled timer never fires', async (t) => {
  clock.setTimer(0, () => t.fail('fired')).cancel()
  await new Promise((resolve) => {
    setTimeout(resolve, 5)
  })
})

t.test('a delay longer than setTimeout can wait does not fire at once', async (t) => {
  const timer = clock.setTimer(2 ** 40, () => t.fail('fired'))
  await new Promise((resolve) => {
    setTimeout(resolve, 5)
  })
  timer.cancel()
})
