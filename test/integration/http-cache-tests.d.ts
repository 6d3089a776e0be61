/** The parts of the package http-cache-tests (and of its node-fetch) that are used here; neither has types of its own. */
declare module 'http-cache-tests/client/runner.mjs' {
  /** Each of `suites` once, `atOnce` tests at a time; every request goes through `fetch` to `base` ("http://host:port"). */
  export function runTests(
    suites: readonly unknown[],
    fetch: unknown,
    browserCache: boolean,
    base: string,
    atOnce: number,
  ): Promise<void>
  /** By test id: true for passed, else what failed. */
  export function getResults(): Readonly<Record<string, true | readonly [kind: string, message: string]>>
}
declare module 'http-cache-tests/tests/index.mjs' {
  const suites: readonly unknown[]
  export default suites
}
declare module 'http-cache-tests/tests/surrogate-control.mjs' {
  const suite: unknown
  export default suite
}
declare module 'node-fetch' {
  const fetch: unknown
  export default fetch
}
