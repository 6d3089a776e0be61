/**
 * Calls back once, with the next frame; and where there is none (a tab that nobody looks at, a browser too busy to paint), after
 * LATEST all the same: the tab's title says how many services have failed, and a page that is late must not be one that is blank.
 */
export function soon(callback: () => void): void {
  const done = (): void => {
    clearTimeout(timer)
    cancelAnimationFrame(frame)
    callback()
  }
  const frame = requestAnimationFrame(done)
  const timer = setTimeout(done, LATEST)
}

/** Milliseconds. */
const LATEST = 250
