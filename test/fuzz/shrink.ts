/** Makes a failing case smaller while it fails in the same way: one piece where that is enough, then fewer bytes. */
import type { Case } from './case.ts'

/** Milliseconds. A case that fails by waiting for something in vain takes seconds each time. */
const BOUND = 30_000

/** `fails`: whether a case still does. Asked at most `tries` times, and no more after BOUND. */
export async function shrink(
  failing: Case,
  fails: (each: Case) => Promise<boolean>,
  tries = 400,
): Promise<Case> {
  let best = failing
  let left = tries
  const until = performance.now() + BOUND
  const attempt = async (change: Partial<Case>): Promise<boolean> => {
    if (left === 0 || performance.now() > until) return false
    left--
    const smaller = { ...best, ...change }
    if (!(await fails(smaller))) return false
    best = smaller
    return true
  }
  /** Takes spans of `size` out of one piece, wherever it fails without them. */
  const shorten = async (index: number, size: number): Promise<boolean> => {
    let shorter = false
    for (let at = 0; at < (best.pieces[index] ?? '').length;) {
      const text = best.pieces[index] ?? ''
      if (await attempt({ pieces: best.pieces.with(index, text.slice(0, at) + text.slice(at + size)) }))
        shorter = true
      else at += size
    }
    return shorter
  }

  await attempt({ pieces: [best.pieces.join('')] })
  await attempt({ held: false })
  await attempt({ style: 'length' })
  const longest = Math.max(...best.pieces.map(({ length }) => length))
  for (let size = Math.ceil(longest / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (const index of best.pieces.keys()) await shorten(index, size)
  // What could not go before may go now that others have gone.
  const again = async (): Promise<boolean> => {
    let shorter = false
    for (const index of best.pieces.keys()) shorter = (await shorten(index, 1)) || shorter
    return shorter
  }
  while (await again());
  return best
}
