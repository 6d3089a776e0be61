/**
 * One thing at a time, for all services together: an event that comes up while another is being worked off (a service that wakes
 * claims another one, whose state concerns a third) waits for its end. Without it a service would see others, and itself, in
 * the middle of a step.
 */
export class Agenda {
  readonly #tasks: (() => void)[] = []
  readonly #afterwards = new Set<() => void>()
  #running = false

  /** Runs it now, with everything that follows from it; or, from within a task, after the tasks before it. */
  do(task: () => void): void {
    this.#tasks.push(task)
    if (this.#running) return
    this.#running = true
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) next()
    } finally {
      this.#running = false
    }
  }

  /** Has `look` called whenever nothing is left to do, until the returned function is called. */
  whenDone(look: () => void): () => void {
    this.#afterwards.add(look)
    return () => this.#afterwards.delete(look)
  }

  #next(): (() => void) | undefined {
    if (this.#tasks.length === 0) for (const look of this.#afterwards) look()
    return this.#tasks.shift()
  }
}
