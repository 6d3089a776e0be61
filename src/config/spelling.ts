/**
 * "did you mean": the known name nearest to what was written. Twenty lines instead of a library, because none of them
 * knows that idleTimeout and idle-timeout are idle_timeout.
 */

/** The nearest of `names` to `word`, or undefined where none is near: one slip in three characters at most. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const wanted = plain(word)
  let best: string | undefined
  let least = Math.floor(wanted.length / 3) + 1
  for (const name of names) {
    const distance = edits(wanted, plain(name))
    if (distance < least) [best, least] = [name, distance]
  }
  return best
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[_\s.-]/g, '')
}

/** Edit distance where two neighbours swapped are one slip (optimal string alignment). */
function edits(a: string, b: string): number {
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= a.length; row++) {
    const next = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      next[column] = Math.min(
        cell(last, column) + 1,
        cell(next, column - 1) + 1,
        cell(last, column - 1) + (same ? 0 : 1),
        swapped ? cell(before, column - 2) + 1 : Infinity,
      )
    }
    ;[before, last] = [last, next]
  }
  return cell(last, b.length)
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
