/**
 * One call after the other. Signals, the file and the admin API ask for reloads as they like; two of them side by side could
 * end in the other order, and leave the older file in force.
 */

/** `work`, of which a call begins only when the one before has settled. */
export function inTurn<T>(work: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const next = last.then(work, work)
    last = next
    return next
  }
}
