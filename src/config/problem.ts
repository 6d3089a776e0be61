/**
 * What is wrong with one value, as every parser of this folder says it. A result instead of an exception, because a config
 * file has many faults and the admin wants all of them in one go.
 */
export class Problem {
  /**
   * Completes "services.blog.port …". It never contains the value: the value may be a secret from the environment, and the
   * fault names the place anyway.
   */
  readonly message: string
  /** The remedy, an imperative clause. It may quote the value, so it is dropped where that came from the environment. */
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    this.message = message
    this.hint = hint
  }
}

/** The value of something that has been checked before. Throws where it was not: that is a bug of WakeDock, not a fault. */
export function parsed<T>(result: T | Problem): T {
  if (result instanceof Problem) throw new Error(`a config value was used unchecked: it ${result.message}`)
  return result
}
